#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include "../copy_range.hpp"
#include "../product.hpp"

namespace cmm::bench {

/// Writes every byte of a range (stride 0) or one word at each stride.
cudaError_t launch_write(void* data, std::size_t bytes, std::size_t stride, cudaStream_t stream);

/// Reads every byte of a range (stride 0) or one word at each stride.
cudaError_t launch_read(const void* data, std::size_t bytes, std::size_t stride, cudaStream_t stream);

/// Copies a range and, in turn with its pieces, those of another one of the same size or of none.
cudaError_t launch_copy(copy_range one, copy_range other, cudaStream_t stream);

/// Reads every byte of `count` blocks of `bytes` each; the table of their addresses is in device memory.
cudaError_t launch_gather(const void* const* table, std::size_t count, std::size_t bytes,
                          cudaStream_t stream);

/// Links the 128-byte lines of a range into one cycle that jumps about. `bytes` is a power of two, at least
/// 1 KiB.
cudaError_t launch_make_chain(void* data, std::size_t bytes, cudaStream_t stream);

/// Follows the cycle for a number of loads, each waiting for the one before; goes on at the line `from`.
cudaError_t launch_chase(const void* data, std::size_t from, std::size_t steps, cudaStream_t stream);

/// Writes small random integers, which each type holds exactly.
cudaError_t launch_fill_operand(void* data, number kind, std::size_t elements, unsigned seed,
                                cudaStream_t stream);

/// Adds the number of 4-byte words that differ to `*different`, in device memory.
cudaError_t launch_compare(const void* a, const void* b, std::size_t bytes, unsigned* different,
                           cudaStream_t stream);

}  // namespace cmm::bench
