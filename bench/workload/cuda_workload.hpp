#pragma once

#include <chrono>
#include <cmm/cuda.hpp>
#include <cmm/cuda/page_copier.hpp>
#include <optional>
#include <random>

#include "../machine/cuda_facts.hpp"
#include "block_table.hpp"
#include "cublas_product.hpp"
#include "kernels/kernels.hpp"
#include "workload.hpp"

namespace cmm::bench {

/// One GPU of this machine, with two non-blocking streams. Only `activate` makes it current.
class cuda_workload {
 public:
  static constexpr bool simulated = false;

  explicit cuda_workload(int device) : device_{device} {
    activate();
    check(cudaGetDeviceCount(&devices_), "cudaGetDeviceCount");
    for (cudaStream_t* each : {&stream_, &other_}) {
      check(cudaStreamCreateWithFlags(each, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    }
    for (cudaEvent_t* each : {&begin_, &end_}) check(cudaEventCreate(each), "cudaEventCreate");
  }
  ~cuda_workload() {
    (void)cudaEventDestroy(end_);
    (void)cudaEventDestroy(begin_);
    (void)cudaStreamDestroy(other_);
    (void)cudaStreamDestroy(stream_);
  }
  cuda_workload(const cuda_workload&) = delete;
  cuda_workload& operator=(const cuda_workload&) = delete;

  [[nodiscard]] static cuda::api api() noexcept { return {}; }
  [[nodiscard]] int device() const noexcept { return device_; }
  [[nodiscard]] int devices() const noexcept { return devices_; }
  [[nodiscard]] std::vector<int> numa_nodes() const { return host_numa_nodes(device_); }
  [[nodiscard]] bool one_memory() const { return shares_host_memory(device_); }
  /// Both ways: with one way open alone, copies in both directions share one direction's rate.
  [[nodiscard]] bool connect(int other) const {
    for (const auto& [from, to] : {std::pair{other, device_}, std::pair{device_, other}}) {
      int able = 0;
      check(cudaDeviceCanAccessPeer(&able, from, to), "cudaDeviceCanAccessPeer");
      if (able == 0) return false;
      const cuda::device_scope on_from{from};
      detail::check(on_from.result(), "using the other GPU");
      const cudaError_t opened = cudaDeviceEnablePeerAccess(to, 0);
      if (opened == cudaErrorPeerAccessAlreadyEnabled) {
        (void)cudaGetLastError();
      } else {
        check(opened, "cudaDeviceEnablePeerAccess");
      }
    }
    return true;
  }
  [[nodiscard]] peer_link joined_to(int other) const { return link_between(device_, other); }
  void activate() const { check(cudaSetDevice(device_), "cudaSetDevice"); }
  [[nodiscard]] cmm::stream stream() const noexcept { return stream_; }
  [[nodiscard]] cmm::stream other_stream() const noexcept { return other_; }

  static void look_up() noexcept {}
  void write(void* p, std::size_t bytes, std::size_t stride) {
    check(launch_write(p, bytes, stride, stream_), "launching a kernel");
  }
  void read(const void* p, std::size_t bytes, std::size_t stride) {
    check(launch_read(p, bytes, stride, stream_), "launching a kernel");
  }
  void copy_by_kernel(void* to, const void* from, std::size_t bytes) {
    check(launch_copy({to, from, bytes}, {}, stream_), "launching a kernel");
  }
  void exchange_by_kernel(copy_range up, copy_range down) {
    check(launch_copy(up, down, stream_), "launching a kernel");
  }
  void gather(std::span<const void* const> blocks, std::size_t bytes) {
    table_.upload(blocks, stream_);
    check(launch_gather(table_.data(), blocks.size(), bytes, stream_), "launching a kernel");
  }
  void make_chain(void* p, std::size_t bytes) {
    check(launch_make_chain(p, bytes, stream_), "launching a kernel");
  }
  void chase(const void* p, std::size_t bytes, std::size_t steps) {
    const std::size_t lines = bytes / 128;
    check(launch_chase(p, random_() % lines, steps, stream_), "launching a kernel");
  }
  static void cpu_write(void* p, std::size_t bytes, std::size_t stride) {
    constexpr std::size_t word = sizeof(std::uint64_t);
    volatile char* const data = static_cast<char*>(p);
    for (std::size_t i = 0; i + word <= bytes; i += stride == 0 ? word : stride) {
      *reinterpret_cast<volatile std::uint64_t*>(data + i) = 1;
    }
  }

  static void copy(void* to, const void* from, std::size_t bytes, cmm::stream on) {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, cuda::native(on)), "cudaMemcpyAsync");
  }
  void copy_batch(std::span<const copy_range> copies) {
    std::vector<void*> to;
    std::vector<const void*> from;
    std::vector<std::size_t> bytes;
    for (const copy_range& each : copies) {
      to.push_back(each.to);
      from.push_back(each.from);
      bytes.push_back(each.bytes);
    }
    cudaMemcpyAttributes how{};
    how.srcAccessOrder = cudaMemcpySrcAccessOrderStream;
    std::size_t first = 0;
    check(cudaMemcpyBatchAsync(to.data(), from.data(), bytes.data(), copies.size(), &how, &first, 1, stream_),
          "cudaMemcpyBatchAsync");
  }
  void prefetch_once(void* p, std::size_t bytes) {
    check(cudaMemPrefetchAsync(p, bytes, here(), 0, stream_), "cudaMemPrefetchAsync");
  }
  void prefetch_batch(std::span<const void* const> blocks, std::size_t bytes) {
    std::vector<void*> ranges;
    for (const void* each : blocks) ranges.push_back(const_cast<void*>(each));
    std::vector<std::size_t> sizes(blocks.size(), bytes);
    cudaMemLocation where = here();
    std::size_t first = 0;
    check(
        cudaMemPrefetchBatchAsync(ranges.data(), sizes.data(), ranges.size(), &where, &first, 1, 0, stream_),
        "cudaMemPrefetchBatchAsync");
  }
  static void* pinned(std::size_t bytes) {
    void* p = nullptr;
    check(cudaMallocHost(&p, bytes), "cudaMallocHost");
    return p;
  }
  static void free_pinned(void* p) { check(cudaFreeHost(p), "cudaFreeHost"); }

  void fill_operand(void* p, number kind, std::size_t elements, unsigned seed) {
    check(launch_fill_operand(p, kind, elements, seed, stream_), "launching a kernel");
  }
  void multiply(const product& shape, const void* a, const void* b, void* c) {
    products_.multiply(shape, a, b, c, stream_);
  }
  [[nodiscard]] std::string why_no(number kind) { return products_.why_no(kind); }
  bool same_product(const void* a, const void* b, std::size_t bytes) {
    unsigned* different = nullptr;
    unsigned count = 0;
    check(cudaMallocAsync(reinterpret_cast<void**>(&different), sizeof count, stream_), "cudaMallocAsync");
    check(cudaMemsetAsync(different, 0, sizeof count, stream_), "cudaMemsetAsync");
    check(launch_compare(a, b, bytes, different, stream_), "launching a kernel");
    check(cudaMemcpyAsync(&count, different, sizeof count, cudaMemcpyDefault, stream_), "cudaMemcpyAsync");
    check(cudaFreeAsync(different, stream_), "cudaFreeAsync");
    synchronize();
    return count == 0;
  }

  void synchronize() {
    check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    check(cudaStreamSynchronize(other_), "cudaStreamSynchronize");
  }
  static double now() {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  double gpu_time(auto&& work) {
    return gpu_time(work, stream_, [] {});
  }
  double gpu_time(auto&& work, cmm::stream on, auto&& background) {
    background();
    check(cudaEventRecord(begin_, cuda::native(on)), "cudaEventRecord");
    work();
    check(cudaEventRecord(end_, cuda::native(on)), "cudaEventRecord");
    check(cudaEventSynchronize(end_), "cudaEventSynchronize");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, begin_, end_), "cudaEventElapsedTime");
    return milliseconds * 1e6;
  }

  cuda::page_copier& copier() {
    if (!copier_) copier_.emplace(device_);
    return *copier_;
  }

  [[nodiscard]] about describe() const { return {describe_gpu(device_), platform_json(), {}, {}}; }
  [[nodiscard]] peaks peak() const { return peaks_of_gpu(device_); }

 private:
  static void check(cudaError_t code, const char* call) {
    if (code != cudaSuccess) detail::fail(cuda::answer(code, call), "measuring");
  }
  [[nodiscard]] cudaMemLocation here() const noexcept { return {cudaMemLocationTypeDevice, device_}; }

  int device_;
  int devices_ = 0;
  cudaStream_t stream_ = nullptr;
  cudaStream_t other_ = nullptr;
  cudaEvent_t begin_ = nullptr;
  cudaEvent_t end_ = nullptr;
  block_table table_;
  std::minstd_rand random_;
  cublas_product products_;
  std::optional<cuda::page_copier> copier_;
};

}  // namespace cmm::bench
