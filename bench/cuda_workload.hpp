#pragma once

#include <chrono>
#include <cmm/cuda.hpp>

#include "kernels.hpp"
#include "workload.hpp"

namespace cmm::bench {

/// The GPU that is current in this process, with its own non-blocking stream.
class cuda_workload {
 public:
  static constexpr bool simulated = false;

  cuda_workload() {
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    check(cudaEventCreate(&begin_), "cudaEventCreate");
    check(cudaEventCreate(&end_), "cudaEventCreate");
  }
  ~cuda_workload() {
    (void)cudaEventDestroy(end_);
    (void)cudaEventDestroy(begin_);
    (void)cudaStreamDestroy(stream_);
  }
  cuda_workload(const cuda_workload&) = delete;
  cuda_workload& operator=(const cuda_workload&) = delete;

  [[nodiscard]] static cuda::api api() noexcept { return {}; }
  [[nodiscard]] cmm::stream stream() const noexcept { return stream_; }

  void write(void* p, std::size_t bytes, std::size_t stride) {
    check(launch_write(p, bytes, stride, stream_), "launching a kernel");
  }
  void read(void* p, std::size_t bytes, std::size_t stride) {
    check(launch_read(p, bytes, stride, stream_), "launching a kernel");
  }
  static void cpu_write(void* p, std::size_t bytes, std::size_t stride) {
    constexpr std::size_t word = sizeof(std::uint64_t);
    volatile char* const data = static_cast<char*>(p);
    for (std::size_t i = 0; i + word <= bytes; i += stride == 0 ? word : stride) {
      *reinterpret_cast<volatile std::uint64_t*>(data + i) = 1;
    }
  }
  void prefetch_once(void* p, std::size_t bytes) {
    check(cudaMemPrefetchAsync(p, bytes, {cudaMemLocationTypeDevice, 0}, 0, stream_), "cudaMemPrefetchAsync");
  }
  void synchronize() { check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }

  static double now() {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  double gpu_time(auto&& work) {
    check(cudaEventRecord(begin_, stream_), "cudaEventRecord");
    work();
    check(cudaEventRecord(end_, stream_), "cudaEventRecord");
    check(cudaEventSynchronize(end_), "cudaEventSynchronize");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin_, end_), "cudaEventElapsedTime");
    return milliseconds * 1e6;
  }

  [[nodiscard]] static facts describe() {
    int device = 0;
    cudaDeviceProp properties{};
    int driver = 0;
    int runtime = 0;
    check(cudaGetDevice(&device), "cudaGetDevice");
    check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
    check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
    check(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion");
    facts known{{"platform", "cuda"},
                {"simulated", "false"},
                {"gpu", properties.name},
                {"gpu_memory_bytes", std::to_string(properties.totalGlobalMem)},
                {"multiprocessors", std::to_string(properties.multiProcessorCount)},
                {"cuda_driver_api", std::to_string(driver)},
                {"cuda_runtime", std::to_string(runtime)}};
    constexpr std::pair<const char*, attribute> attributes[] = {
        {"concurrent_managed_access", attribute::concurrent_managed_access},
        {"pageable_memory_access", attribute::pageable_memory_access},
        {"host_numa_id", attribute::host_numa_id},
        {"host_numa_pools", attribute::host_numa_pools},
        {"managed_pools", attribute::managed_pools},
        {"egm", attribute::egm}};
    for (const auto& [name, what] : attributes) {
      int value = 0;
      detail::check(api().attribute(device, what, value), "describing the GPU");
      known.emplace_back(name, std::to_string(value));
    }
    return known;
  }

 private:
  static void check(cudaError_t code, const char* call) {
    if (code != cudaSuccess) detail::fail(cuda::answer(code, call), "measuring");
  }

  cudaStream_t stream_ = nullptr;
  cudaEvent_t begin_ = nullptr;
  cudaEvent_t end_ = nullptr;
};

}  // namespace cmm::bench
