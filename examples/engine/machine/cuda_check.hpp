#pragma once

#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>

namespace engine {

/// Throws where a call of the CUDA runtime has failed.
inline void check(cudaError_t code, const char* call) {
  if (code == cudaSuccess) return;
  throw std::runtime_error{std::string{call} + " failed: " + cudaGetErrorString(code)};
}

}  // namespace engine
