#include "kernels.hpp"
#include "launch.cuh"

namespace cmm::bench {
namespace {

// A block of the KV cache is read by several thread blocks, as engines split long sequences.
constexpr std::size_t piece = std::size_t{32} << 10;
constexpr int in_flight = piece / sizeof(uint4) / threads;

__global__ void gather_pieces(const void* const* table, std::size_t bytes, unsigned pieces) {
  const char* const block = static_cast<const char*>(table[blockIdx.x / pieces]);
  const std::size_t from = blockIdx.x % pieces * piece;
  uint4 seen[in_flight] = {};
#pragma unroll
  for (int i = 0; i < in_flight; ++i) {
    const std::size_t at =
        from + (std::size_t{static_cast<unsigned>(i)} * threads + threadIdx.x) * sizeof(uint4);
    if (at < bytes) seen[i] = __ldcs(reinterpret_cast<const uint4*>(block + at));
  }
  keep(seen);
}

}  // namespace

cudaError_t launch_gather(const void* const* table, std::size_t count, std::size_t bytes,
                          cudaStream_t stream) {
  const unsigned pieces = blocks_of(bytes, piece);
  gather_pieces<<<static_cast<unsigned>(count) * pieces, threads, 0, stream>>>(table, bytes, pieces);
  return cudaGetLastError();
}

}  // namespace cmm::bench
