#pragma once

#include <string>

#include "../cuda/api.hpp"
#include "../cuda/page_copier.hpp"

namespace cmm::python {

/// The CUDA runtime under a library.
struct on_cuda {
  using copier = cuda::page_copier;
  static constexpr int runtime = CUDART_VERSION;

  static std::string name() { return "cuda"; }
  static cuda::api api() noexcept { return {}; }
  static copier make_copier(int device) { return copier{device}; }
};

}  // namespace cmm::python
