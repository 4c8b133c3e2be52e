#ifdef CMM_PROBE_CUDA

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cmm/cuda.hpp>
#include <cmm/cuda/platform_answers.hpp>
#include <cstring>
#include <map>

#include "this_machine.hpp"
#include "verify.hpp"

namespace cmm::probe {
namespace {

void check(cudaError_t code, const char* call) { cmm::detail::check(cuda::answer(code, call), "verifying"); }

/// The GPUs of this machine, each with a stream of its own.
class cuda_machine {
 public:
  cuda_machine() = default;
  ~cuda_machine() {
    for (const auto& [device, of] : gpus_) {
      static_cast<void>(cudaEventDestroy(of.end));
      static_cast<void>(cudaEventDestroy(of.begin));
      static_cast<void>(cudaStreamDestroy(of.stream));
    }
  }
  cuda_machine(const cuda_machine&) = delete;
  cuda_machine& operator=(const cuda_machine&) = delete;

  static cuda::api api() noexcept { return {}; }
  cmm::stream stream(int device) { return on(device).stream; }

  double gpu_pass(void* data, std::size_t bytes, int device) {
    const auto here = cuda::api::enter(device);
    cmm::detail::check(here.result(), "verifying");
    const gpu& of = on(device);
    check(cudaEventRecord(of.begin, of.stream), "cudaEventRecord");
    check(cudaMemsetAsync(data, 1, bytes, of.stream), "cudaMemsetAsync");
    check(cudaEventRecord(of.end, of.stream), "cudaEventRecord");
    check(cudaStreamSynchronize(of.stream), "cudaStreamSynchronize");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, of.begin, of.end), "cudaEventElapsedTime");
    return milliseconds > 0 ? static_cast<double>(bytes) / milliseconds / 1e6 : 0;
  }

  static void cpu_touch(void* data, std::size_t bytes) { std::memset(data, 2, bytes); }

  static std::string bind(void* data, std::size_t bytes, int node) {
    constexpr std::size_t each = sizeof(unsigned long) * CHAR_BIT;
    unsigned long nodes[1024 / each] = {};
    if (node < 0 || node >= 1024) return "node " + std::to_string(node) + " is beyond 1023";
    nodes[static_cast<std::size_t>(node) / each] |= 1UL << (static_cast<std::size_t>(node) % each);
    // The kernel counts one node less than it is told.
    if (::syscall(SYS_mbind, data, bytes, MPOL_BIND, nodes, 1025UL, 0U) == 0) return "";
    return std::string{"mbind failed: "} + std::strerror(errno);
  }

  /// Asks the kernel for the node of up to 1024 pages. move_pages without nodes moves nothing.
  static std::vector<page_place> pages(void* data, std::size_t bytes) {
    const std::size_t count = std::min<std::size_t>(1024, bytes / 4096);
    const std::size_t share = bytes / count;
    std::vector<void*> asked(count);
    std::vector<int> nodes(count, -1);
    for (std::size_t i = 0; i < count; ++i) asked[i] = static_cast<char*>(data) + i * share;
    if (::syscall(SYS_move_pages, 0, count, asked.data(), nullptr, nodes.data(), 0) != 0) return {};
    std::map<int, std::size_t> sums;
    for (const int node : nodes) sums[std::max(node, -1)] += share;
    std::vector<page_place> found;
    for (const auto& [node, sum] : sums) {
      found.push_back({node < 0 ? location::none() : location::host_numa(node), sum});
    }
    return found;
  }

 private:
  struct gpu {
    cudaStream_t stream = nullptr;
    cudaEvent_t begin = nullptr;
    cudaEvent_t end = nullptr;
  };

  gpu& on(int device) {
    const auto known = gpus_.find(device);
    if (known != gpus_.end()) return known->second;
    const auto here = cuda::api::enter(device);
    cmm::detail::check(here.result(), "verifying");
    gpu& made = gpus_[device];  // kept although the next call may fail: the destructor takes null
    check(cudaStreamCreateWithFlags(&made.stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    check(cudaEventCreate(&made.begin), "cudaEventCreate");
    check(cudaEventCreate(&made.end), "cudaEventCreate");
    return made;
  }

  std::map<int, gpu> gpus_;
};

}  // namespace

platform::answers ask_this_machine() { return cuda::platform_answers(); }

void verify_this_machine(platform::description& known, std::size_t bytes) {
  if (known.gpus.empty()) {
    throw bad_text{"--verify needs a GPU, and none answers: " + known.no_gpu};
  }
  cuda_machine machine;
  verify(machine, known, bytes);
}

}  // namespace cmm::probe

#endif
