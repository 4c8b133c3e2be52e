#include <cstdint>

#include "kernels.hpp"
#include "launch.cuh"

namespace cmm::bench {
namespace {

constexpr std::size_t line = 128;

// A linear congruential generator whose period is the whole power of two: an odd step, and a factor that
// leaves 1 when divided by 4.
__device__ std::uint64_t after(std::uint64_t i) { return i * 0x5851f42d4c957f2dULL + 0x14057b7ef767814fULL; }

__global__ void link_lines(char* data, std::uint64_t lines) {
  const std::uint64_t step = std::uint64_t{gridDim.x} * blockDim.x;
  for (std::uint64_t i = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < lines; i += step) {
    *reinterpret_cast<std::uint64_t*>(data + i * line) =
        reinterpret_cast<std::uint64_t>(data + (after(i) & (lines - 1)) * line);
  }
}

__global__ void follow(const std::uint64_t* at, std::size_t steps) {
  for (std::size_t i = 0; i < steps; ++i) at = reinterpret_cast<const std::uint64_t*>(__ldcg(at));
  if (at == nullptr) kept = 1;
}

}  // namespace

cudaError_t launch_make_chain(void* data, std::size_t bytes, cudaStream_t stream) {
  link_lines<<<filling(bytes / line), threads, 0, stream>>>(static_cast<char*>(data), bytes / line);
  return cudaGetLastError();
}

cudaError_t launch_chase(const void* data, std::size_t from, std::size_t steps, cudaStream_t stream) {
  const char* const begin = static_cast<const char*>(data) + from * line;
  follow<<<1, 1, 0, stream>>>(reinterpret_cast<const std::uint64_t*>(begin), steps);
  return cudaGetLastError();
}

}  // namespace cmm::bench
