// The smallest use on a GPU: take managed memory that is already populated, use it from both sides, give it
// back.
#include <cmm/cuda.hpp>
#include <cstdio>

using namespace cmm::literals;

__global__ void fill(float* data, std::size_t count) {
  const std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < count) data[i] = 1.0F;
}

int run() {
  cudaStream_t stream = nullptr;
  if (cudaStreamCreate(&stream) != cudaSuccess) return 1;

  // [readme]
  constexpr auto recipe =
      cmm::managed{} | cmm::threshold_prefetch{.below = 2_GiB} | cmm::pool{} | cmm::stats{};
  auto memory = recipe.build(cmm::cuda::api{});

  const cmm::block weights = memory.allocate(64_MiB, stream);  // an empty block when memory ran out
  if (!weights) return 1;
  float* const data = static_cast<float*>(weights.data);
  fill<<<65536, 256, 0, stream>>>(data, 64_MiB / sizeof(float));  // runs at HBM speed: no page faults
  cudaStreamSynchronize(stream);
  std::printf("%s: %zu bytes live, data[7] = %g\n", recipe.text().c_str(),
              memory.get<cmm::stats>().all().live_bytes, data[7]);
  memory.deallocate(weights, stream);  // reused in the order of the stream
  // [readme]

  return cudaStreamDestroy(stream) == cudaSuccess ? 0 : 1;
}

int main() {
  constexpr int skipped = 77;
  int gpus = 0;
  if (cudaGetDeviceCount(&gpus) != cudaSuccess || gpus == 0) {
    std::puts("skipped: no GPU answers; examples/quickstart.cpp runs on a simulated one");
    return skipped;
  }
  return run();
}
