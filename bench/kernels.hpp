#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

namespace cmm::bench {

/// Writes every byte of a range (stride 0, 16 bytes a thread) or one word at each stride.
cudaError_t launch_write(void* data, std::size_t bytes, std::size_t stride, cudaStream_t stream);

/// Reads every byte of a range (stride 0) or one word at each stride.
cudaError_t launch_read(const void* data, std::size_t bytes, std::size_t stride, cudaStream_t stream);

}  // namespace cmm::bench
