#include "kernels.hpp"

namespace cmm::bench {
namespace {

constexpr int threads = 256;

__global__ void write_all(uint4* data, std::size_t count) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    data[i] = make_uint4(1, 2, 3, 4);
  }
}

__global__ void read_all(const uint4* data, std::size_t count) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  unsigned sum = 0;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    const uint4 v = data[i];
    sum += v.x ^ v.y ^ v.z ^ v.w;
  }
  if (sum == 0x9e3779b9U) asm volatile("trap;");  // keeps the loads; the data never sums to this
}

__global__ void write_strided(char* data, std::size_t count, std::size_t stride) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    *reinterpret_cast<unsigned*>(data + i * stride) = 1;
  }
}

__global__ void read_strided(const char* data, std::size_t count, std::size_t stride) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  unsigned sum = 0;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    sum += *reinterpret_cast<const volatile unsigned*>(data + i * stride);
  }
  if (sum == 0x9e3779b9U) asm volatile("trap;");
}

/// Enough blocks to fill the GPU, and no more than there is work for.
cudaError_t blocks_for(std::size_t count, unsigned& blocks) {
  int device = 0;
  int processors = 0;
  cudaError_t result = cudaGetDevice(&device);
  if (result == cudaSuccess) {
    result = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
  }
  const std::size_t wanted = (count + threads - 1) / threads;
  const std::size_t most = static_cast<std::size_t>(processors) * 8;
  blocks = static_cast<unsigned>(wanted < most ? wanted : most);
  return result;
}

}  // namespace

cudaError_t launch_write(void* data, std::size_t bytes, std::size_t stride, cudaStream_t stream) {
  const std::size_t count = stride == 0 ? bytes / sizeof(uint4) : (bytes + stride - 1) / stride;
  unsigned blocks = 0;
  if (const cudaError_t result = blocks_for(count, blocks); result != cudaSuccess) return result;
  if (stride == 0) {
    write_all<<<blocks, threads, 0, stream>>>(static_cast<uint4*>(data), count);
  } else {
    write_strided<<<blocks, threads, 0, stream>>>(static_cast<char*>(data), count, stride);
  }
  return cudaGetLastError();
}

cudaError_t launch_read(const void* data, std::size_t bytes, std::size_t stride, cudaStream_t stream) {
  const std::size_t count = stride == 0 ? bytes / sizeof(uint4) : (bytes + stride - 1) / stride;
  unsigned blocks = 0;
  if (const cudaError_t result = blocks_for(count, blocks); result != cudaSuccess) return result;
  if (stride == 0) {
    read_all<<<blocks, threads, 0, stream>>>(static_cast<const uint4*>(data), count);
  } else {
    read_strided<<<blocks, threads, 0, stream>>>(static_cast<const char*>(data), count, stride);
  }
  return cudaGetLastError();
}

}  // namespace cmm::bench
