#include <cuda_bf16.h>
#include <cuda_fp8.h>

#include <cstdint>

#include "kernels.hpp"
#include "launch.cuh"

namespace cmm::bench {
namespace {

/// A different number for each element and seed; the mixing is that of a 64-bit finalizer.
__device__ std::uint64_t mixed(std::uint64_t i) {
  i = (i ^ i >> 31) * 0x7fb5d329728ea185ULL;
  i = (i ^ i >> 27) * 0x81dadef4bc2dd44dULL;
  return i ^ i >> 33;
}

// Whole numbers. Sums of fp8 are exact in any order; those of bf16 and fp32 have the same bits wherever
// operands are, because one algorithm adds them in one order.
template <class Number>
__global__ void fill(Number* data, std::size_t count, unsigned seed, int range) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    const auto drawn = static_cast<int>(mixed(i + (std::uint64_t{seed} << 40)) % (2U * range + 1));
    data[i] = Number(static_cast<float>(drawn - range));
  }
}

__global__ void compare(const unsigned* a, const unsigned* b, std::size_t count, unsigned* different) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  unsigned found = 0;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    found += a[i] != b[i] ? 1U : 0U;
  }
  if (found != 0) atomicAdd(different, found);
}

}  // namespace

cudaError_t launch_fill_operand(void* data, number kind, std::size_t elements, unsigned seed,
                                cudaStream_t stream) {
  constexpr int exact_in_bf16 = 127;
  constexpr int exact_in_fp8 = 8;
  const unsigned blocks = filling(elements);
  switch (kind) {
    case number::bf16:
      fill<<<blocks, threads, 0, stream>>>(static_cast<__nv_bfloat16*>(data), elements, seed, exact_in_bf16);
      break;
    case number::fp8:
      fill<<<blocks, threads, 0, stream>>>(static_cast<__nv_fp8_e4m3*>(data), elements, seed, exact_in_fp8);
      break;
    case number::fp32:
      fill<<<blocks, threads, 0, stream>>>(static_cast<float*>(data), elements, seed, exact_in_bf16);
      break;
  }
  return cudaGetLastError();
}

cudaError_t launch_compare(const void* a, const void* b, std::size_t bytes, unsigned* different,
                           cudaStream_t stream) {
  const std::size_t count = bytes / sizeof(unsigned);
  compare<<<filling(count), threads, 0, stream>>>(static_cast<const unsigned*>(a),
                                                  static_cast<const unsigned*>(b), count, different);
  return cudaGetLastError();
}

}  // namespace cmm::bench
