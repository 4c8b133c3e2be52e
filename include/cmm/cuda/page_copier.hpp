#pragma once

#include <algorithm>
#include <thread>

#include "../core/error.hpp"
#include "../core/page_copier.hpp"
#include "../core/process.hpp"
#include "api.hpp"
#include "page_mover_ptx.hpp"

namespace cmm::cuda {

/// How the ring of bulk copies is cut, in shared memory of each thread block.
struct ring_shape {
  std::uint32_t chunk = 16384;  ///< bytes of one copy, a multiple of `page_moves::segment`
  std::uint32_t chunks = 13;    ///< at most; fewer where a thread block may have less shared memory
};

/// Moves pages between the memories of one GPU and the host: `cmm::page_copier` by the CUDA runtime.
///
/// Kernels are PTX, which the driver compiles once, so that no compiler for the GPU is needed. What is loaded
/// belongs to this object; work that it put into streams must be done before it goes.
class page_copier {
 public:
  /// For a device, or the current one. Throws `cuda_error`, `bad_request` for a ring that cannot be.
  explicit page_copier(int device = current_device, ring_shape ring = {}) : ring_{ring} {
    const device_scope here{device};
    check(here.result());
    device_ = here.device();
    int major = 0;
    int room = 0;
    ask(cudaDevAttrComputeCapabilityMajor, major);
    ask(cudaDevAttrMaxSharedMemoryPerBlockOptin, room);
    if (ring.chunk == 0 || ring.chunk % page_moves::segment != 0 || ring.chunks < least_chunks) {
      throw bad_request{"a ring of " + std::to_string(ring.chunks) + " chunks of " +
                        std::to_string(ring.chunk) + " bytes cannot be; give at least " +
                        std::to_string(least_chunks) + " chunks of a multiple of " +
                        std::to_string(page_moves::segment) + " bytes"};
    }
    const auto shared = static_cast<std::uint32_t>(room) - own_shared;
    ring_.chunks = std::min(ring_.chunks, shared / (ring_.chunk + chunk_shared));
    try {
      by_registers_ = load(register_library_, ptx::page_mover_by_registers, "cmm_move_pages_by_registers");
      if (major >= 9 && ring_.chunks >= least_chunks) {
        by_ring_ = load(ring_library_, ptx::page_mover_by_ring, "cmm_move_pages_by_ring");
        check(answer(cudaKernelSetAttributeForDevice(by_ring_, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                     static_cast<int>(ring_shared()), device_),
                     "cudaKernelSetAttributeForDevice"));
      }
    } catch (...) {
      release();
      throw;
    }
  }
  ~page_copier() { release(); }
  page_copier(const page_copier&) = delete;
  page_copier& operator=(const page_copier&) = delete;

  [[nodiscard]] static cuda::api api() noexcept { return {}; }
  [[nodiscard]] int device() const noexcept { return device_; }
  static status device_of(stream s, int& device) noexcept {
    return answer(cudaStreamGetDevice(native(s), &device), "cudaStreamGetDevice");
  }

  static status allocate_pinned(void*& out, std::size_t bytes) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaMallocHost(&out, bytes), "cudaMallocHost");
  }
  static status free_pinned(void* p) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaFreeHost(p), "cudaFreeHost");
  }
  static status write_now(void* to, const void* from, std::size_t bytes) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), "cudaMemcpy");
  }

  [[nodiscard]] bool moves_by_ring() const noexcept { return by_ring_ != nullptr; }
  status move(const page_moves& what, page_kernel how, stream on) const noexcept {
    page_moves told = what;
    told.chunk = ring_.chunk;
    told.chunks = ring_.chunks;
    void* arguments[] = {&told};
    const bool ring = how.what == page_kernel::kind::ring;
    return answer(cudaLaunchKernel(ring ? by_ring_ : by_registers_, dim3{how.ctas},
                                   dim3{ring ? ring_threads : register_threads}, arguments,
                                   ring ? ring_shared() : 0, native(on)),
                  "cudaLaunchKernel");
  }
  /// A kernel that failed tells nobody, but every later call of the runtime.
  static status pause() noexcept {
    std::this_thread::yield();
    const relaxed_capture relaxed;
    const cudaError_t code = cudaStreamQuery(cudaStreamPerThread);
    return code == cudaErrorNotReady ? status{} : answer(code, "cudaStreamQuery");
  }
  /// A batch, or one copy after another in the legacy default stream, where a batch is refused.
  static status copy(const page_copies& what, stream on) noexcept {
    if (!cmm::detail::is_legacy(cuda::api{}, on)) {
      cudaMemcpyAttributes how{};
      how.srcAccessOrder = cudaMemcpySrcAccessOrderStream;
      std::size_t first = 0;
      return answer(cudaMemcpyBatchAsync(what.to.data(), what.from.data(), what.bytes.data(), what.to.size(),
                                         &how, &first, 1, native(on)),
                    "cudaMemcpyBatchAsync");
    }
    for (std::size_t i = 0; i < what.to.size(); ++i) {
      const status copied =
          answer(cudaMemcpyAsync(what.to[i], what.from[i], what.bytes[i], cudaMemcpyDefault, native(on)),
                 "cudaMemcpyAsync");
      if (!copied.ok()) return copied;
    }
    return {};
  }

 private:
  static constexpr unsigned register_threads = 512;
  static constexpr unsigned ring_threads = 32;
  static constexpr std::uint32_t least_chunks = 5;
  static constexpr std::uint32_t chunk_shared = 24;      ///< what the ring remembers of a chunk
  static constexpr std::uint32_t own_shared = 3 * 1024;  ///< windows of pairs, and what the driver takes

  [[nodiscard]] std::size_t ring_shared() const noexcept {
    return std::size_t{ring_.chunks} * (ring_.chunk + chunk_shared);
  }
  static void check(status result) { cmm::detail::check(result, "preparing to move pages"); }
  void ask(cudaDeviceAttr what, int& value) const {
    check(answer(cudaDeviceGetAttribute(&value, what, device_), "cudaDeviceGetAttribute"));
  }
  static cudaKernel_t load(cudaLibrary_t& into, const char* ptx, const char* name) {
    const relaxed_capture relaxed;
    cudaKernel_t found = nullptr;
    check(answer(cudaLibraryLoadData(&into, ptx, nullptr, nullptr, 0, nullptr, nullptr, 0),
                 "cudaLibraryLoadData"));
    check(answer(cudaLibraryGetKernel(&found, into, name), "cudaLibraryGetKernel"));
    return found;
  }
  void release() noexcept {
    if (process_.forked()) return;
    for (cudaLibrary_t each : {register_library_, ring_library_}) {
      if (each != nullptr) (void)answer(cudaLibraryUnload(each), "cudaLibraryUnload");
    }
  }

  cmm::detail::process_mark process_;
  ring_shape ring_;
  int device_ = 0;
  cudaLibrary_t register_library_ = nullptr;
  cudaLibrary_t ring_library_ = nullptr;
  cudaKernel_t by_registers_ = nullptr;
  cudaKernel_t by_ring_ = nullptr;
};

static_assert(cmm::page_copier<page_copier>);

}  // namespace cmm::cuda
