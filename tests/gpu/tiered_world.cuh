#pragma once

#include <cuda_runtime_api.h>

#include <boost/test/unit_test.hpp>
#include <cmm/cuda.hpp>
#include <cmm/source/tiered_range.hpp>
#include <memory>
#include <utility>
#include <vector>

namespace {

using namespace cmm;
using namespace cmm::literals;

constexpr std::size_t half = 1_GiB;

__device__ unsigned word_of(std::size_t index, unsigned salt) {
  return static_cast<unsigned>(index * 2654435761U) ^ salt;
}

__global__ void write_words(unsigned* words, std::size_t count, unsigned salt) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    words[i] = word_of(i, salt);
  }
}

/// Counts the words that are not those of `write_words`, whose index was `first` higher.
__global__ void count_wrong(const unsigned* words, std::size_t count, std::size_t first, unsigned salt,
                            unsigned long long* wrong) {
  unsigned long long mine = 0;
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    mine += words[i] != word_of(first + i, salt) ? 1 : 0;
  }
  if (mine != 0) atomicAdd(wrong, mine);
}

void require(cudaError_t code) { BOOST_REQUIRE_MESSAGE(code == cudaSuccess, cudaGetErrorString(code)); }

/// The last GPU, while the first is current: what is made for it must not depend on the current one.
struct world {
  world() {
    int count = 0;
    require(cudaGetDeviceCount(&count));
    home = count - 1;
    int handles = 0;
    BOOST_REQUIRE(api.attribute(home, attribute::mapped_host_memory, handles).ok());
    if (handles == 0) usable = false;
    const auto here = api.enter(home);
    require(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    require(cudaMallocManaged(&wrong, sizeof *wrong));
    require(cudaMalloc(&buffer, half));
  }
  ~world() {
    const auto here = api.enter(home);
    static_cast<void>(cudaStreamDestroy(stream));
    static_cast<void>(cudaFree(wrong));
    static_cast<void>(cudaFree(buffer));
    BOOST_CHECK_EQUAL(cudaGetLastError(), cudaSuccess);
  }

  static constexpr unsigned blocks = 1024;
  static constexpr unsigned threads = 256;

  void write(void* data, std::size_t bytes, unsigned salt) {
    const auto here = api.enter(home);
    write_words<<<blocks, threads, 0, stream>>>(static_cast<unsigned*>(data), bytes / 4, salt);
    require(cudaGetLastError());
  }
  unsigned long long wrong_words(const void* data, std::size_t bytes, std::size_t offset, unsigned salt) {
    const auto here = api.enter(home);
    require(cudaStreamSynchronize(stream));
    *wrong = 0;
    count_wrong<<<blocks, threads, 0, stream>>>(static_cast<const unsigned*>(data), bytes / 4, offset / 4,
                                                salt, wrong);
    require(cudaGetLastError());
    require(cudaStreamSynchronize(stream));
    return *wrong;
  }
  void copy(void* to, const void* from, std::size_t bytes) {
    const auto here = api.enter(home);
    require(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream));
    require(cudaStreamSynchronize(stream));
  }
  std::size_t free_hbm() {
    std::size_t free = 0;
    std::size_t total = 0;
    BOOST_REQUIRE(api.memory_info(location::device(home), free, total).ok());
    return free;
  }
  static std::vector<memory_area> areas(std::size_t near, std::size_t far) {
    return {{0, near, location::device()}, {near, far, location::nearest_numa()}};
  }
  auto made(range_settings settings) {
    settings.device = home;
    return std::make_unique<tiered_range<cuda::api>>(api, areas(half, half), std::move(settings));
  }
  bool skipped() const {
    if (!usable) BOOST_TEST_MESSAGE("left out: this GPU has no memory handles on a host NUMA node");
    return !usable;
  }

  cuda::api api;
  int home = 0;
  bool usable = true;
  cudaStream_t stream = nullptr;
  unsigned long long* wrong = nullptr;
  std::byte* buffer = nullptr;  ///< of the GPU, `half` bytes
};

}  // namespace
