#pragma once

#include <algorithm>
#include <cmm/core/managed_budget.hpp>
#include <cmm/cuda.hpp>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "support/laws.hpp"
#include "support/world.hpp"

namespace tests {

/// The GPUs of this machine, as the laws see any machine: they use the second, where there is one, while the
/// first is current. At most 256 MiB of managed memory are alive at once.
class cuda_world {
 public:
  using api_type = counting<cmm::capped<cmm::cuda::api>>;
  static constexpr bool simulated = false;

  explicit cuda_world(const cmm::sim::profile&) {}
  ~cuda_world() {
    for (cudaStream_t stream : streams_) static_cast<void>(cudaStreamDestroy(stream));
  }
  cuda_world(const cuda_world&) = delete;
  cuda_world& operator=(const cuda_world&) = delete;

  [[nodiscard]] api_type api() { return {cmm::capped{cmm::cuda::api{}, budget_}, counts_}; }
  [[nodiscard]] static int devices() {
    int count = 0;
    require(cudaGetDeviceCount(&count));
    return count;
  }
  [[nodiscard]] static int home() { return devices() > 1 ? 1 : 0; }

  cmm::stream create_stream() { return create_stream(home()); }
  cmm::stream create_stream(int device) {
    const std::scoped_lock lock{mutex_};
    const auto here = cmm::cuda::api::enter(device);
    cudaStream_t made = nullptr;
    require(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
    streams_.push_back(made);
    return made;
  }

  /// In the default mode, which forbids most other calls of all threads.
  static bool begin_capture(cmm::stream s) {
    return cudaStreamBeginCapture(cmm::cuda::native(s), cudaStreamCaptureModeGlobal) == cudaSuccess;
  }
  /// Whether the capture is still whole.
  static bool end_capture(cmm::stream s) {
    cudaGraph_t graph = nullptr;
    const cudaError_t ended = cudaStreamEndCapture(cmm::cuda::native(s), &graph);
    if (graph != nullptr) require(cudaGraphDestroy(graph));
    static_cast<void>(cudaGetLastError());
    return ended == cudaSuccess;
  }
  static void work(const cmm::block& b, cmm::stream s) {
    const auto here = cmm::cuda::api::enter(b.device);
    // In pieces, because the driver refuses a memset that crosses from one memory handle to another.
    constexpr std::size_t piece = 2_MiB;
    const auto base = reinterpret_cast<std::uintptr_t>(b.data);
    for (std::size_t done = 0; done < b.bytes;) {
      const std::size_t bytes = std::min(b.bytes - done, piece - (base + done) % piece);
      require(cudaMemsetAsync(static_cast<char*>(b.data) + done, 1, bytes, cmm::cuda::native(s)));
      done += bytes;
    }
  }
  static void finish(cmm::stream s) { require(cudaStreamSynchronize(cmm::cuda::native(s))); }

  std::size_t live_blocks() { return counts_.blocks; }
  std::size_t live_pools() { return counts_.pools; }
  std::size_t live_events() { return counts_.events; }
  std::size_t waits() { return counts_.waits; }
  /// What the runtime still holds against us: the library must have taken its own failures out of it.
  static std::string misuse() {
    const cudaError_t left = cudaPeekAtLastError();
    return left == cudaSuccess ? "" : cudaGetErrorString(left);
  }

 private:
  static void require(cudaError_t result) {
    if (result != cudaSuccess) throw std::runtime_error{cudaGetErrorString(result)};
  }

  cmm::managed_budget budget_{256_MiB};
  api_counts counts_;
  std::mutex mutex_;
  std::vector<cudaStream_t> streams_;
};

}  // namespace tests
