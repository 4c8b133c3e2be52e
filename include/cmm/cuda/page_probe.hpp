#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "../core/error.hpp"
#include "../core/page_waits.hpp"
#include "calls.hpp"

namespace cmm::cuda {

/// Times reads of single words by the GPU. Its own memory answers from the L2 cache the second time, within a
/// few hundred cycles; memory across the link, which is fetched anew, takes a few thousand each time, and a
/// page that the GPU must fault for tens of thousands.
class page_probe {
 public:
  using page_wait = cmm::detail::page_wait;

  /// For the current device. Throws `cuda_error`.
  page_probe() {
    // The kernel is PTX, which the driver compiles, so that a library needs no compiler for the GPU.
    take(cudaLibraryLoadData(&library_, kernel_ptx, nullptr, nullptr, 0, nullptr, nullptr, 0),
         "cudaLibraryLoadData");
    take(cudaLibraryGetKernel(&kernel_, library_, "cmm_page_probe"), "cudaLibraryGetKernel");
    take(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    take(cudaMalloc(&addresses_, most * sizeof(std::uint64_t)), "cudaMalloc");
    take(cudaMalloc(&waits_, most * sizeof(page_wait)), "cudaMalloc");
  }
  ~page_probe() { release(); }
  page_probe(const page_probe&) = delete;
  page_probe& operator=(const page_probe&) = delete;

  /// One wait for each page address, in order.
  std::vector<page_wait> wait_for(const std::vector<std::uint64_t>& pages) {
    std::vector<page_wait> waits(pages.size());
    for (std::size_t begin = 0; begin < pages.size(); begin += most) {
      std::uint64_t count = std::min(most, pages.size() - begin);
      check(cudaMemcpyAsync(addresses_, &pages[begin], count * sizeof(std::uint64_t), cudaMemcpyHostToDevice,
                            stream_),
            "cudaMemcpyAsync");
      void* arguments[] = {&addresses_, &count, &waits_};
      check(cudaLaunchKernel(kernel_, dim3{blocks}, dim3{1}, arguments, 0, stream_), "cudaLaunchKernel");
      check(
          cudaMemcpyAsync(&waits[begin], waits_, count * sizeof(page_wait), cudaMemcpyDeviceToHost, stream_),
          "cudaMemcpyAsync");
      check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    }
    return waits;
  }

  /// The longest wait for a page of the GPU's own memory.
  std::uint32_t own_memory_wait() {
    std::vector<std::uint64_t> pages;
    for (std::size_t at = 0; at < most * sizeof(std::uint64_t); at += 4096) {
      pages.push_back(reinterpret_cast<std::uintptr_t>(addresses_) + at);
    }
    std::uint32_t longest = 0;
    for (const page_wait& each : wait_for(pages)) longest = std::max(longest, each.least);
    return longest;
  }

 private:
  static constexpr std::size_t most = std::size_t{1} << 17;  ///< pages of one launch
  static constexpr unsigned blocks = 32;                     ///< few, so that they do not queue at the link

  static constexpr const char* kernel_ptx = R"(
.version 8.0
.target sm_75
.address_size 64
.visible .entry cmm_page_probe(.param .u64 addresses, .param .u64 count, .param .u64 waits) {
  .reg .pred done, again, never;
  .reg .b32 word, took, first, least, line, step32;
  .reg .b64 list, n, out, i, step, at, page, begin, end;
  ld.param.u64 list, [addresses];
  ld.param.u64 n, [count];
  ld.param.u64 out, [waits];
  cvta.to.global.u64 list, list;
  cvta.to.global.u64 out, out;
  mov.u32 step32, %ctaid.x;
  cvt.u64.u32 i, step32;
  mov.u32 step32, %nctaid.x;
  cvt.u64.u32 step, step32;
next_page:
  setp.ge.u64 done, i, n;
  @done bra finish;
  shl.b64 at, i, 3;
  add.u64 at, list, at;
  ld.volatile.global.u64 page, [at];
  setp.eq.u64 never, page, 0;
  @never bra finish;
  mov.u32 least, 0xffffffff;
  mov.u32 line, 0;
next_line:
  mov.u64 begin, %clock64;
  ld.global.cv.u32 word, [page];
  setp.eq.u32 never, word, 0x5ca1ab1e;  // needs the word, so the clock is read after it came
  @never membar.cta;
  mov.u64 end, %clock64;
  sub.u64 end, end, begin;
  cvt.u32.u64 took, end;
  setp.eq.u32 again, line, 0;
  @again mov.u32 first, took;
  min.u32 least, least, took;
  add.u64 page, page, 1152;
  add.u32 line, line, 1;
  setp.eq.u32 again, line, 3;
  @again sub.u64 page, page, 3456;
  setp.lt.u32 again, line, 6;
  @again bra next_line;
  shl.b64 at, i, 3;
  add.u64 at, out, at;
  st.global.u32 [at], first;
  st.global.u32 [at+4], least;
  add.u64 i, i, step;
  bra next_page;
finish:
  ret;
}
)";

  static void check(cudaError_t code, const char* call) {
    cmm::detail::check(answer(code, call), "timing pages");
  }
  void take(cudaError_t code, const char* call) {
    if (code == cudaSuccess) return;
    release();
    check(code, call);
  }
  void release() noexcept {
    if (waits_ != nullptr) (void)answer(cudaFree(waits_), "cudaFree");
    if (addresses_ != nullptr) (void)answer(cudaFree(addresses_), "cudaFree");
    if (stream_ != nullptr) (void)answer(cudaStreamDestroy(stream_), "cudaStreamDestroy");
    if (library_ != nullptr) (void)answer(cudaLibraryUnload(library_), "cudaLibraryUnload");
  }

  cudaLibrary_t library_ = nullptr;
  cudaKernel_t kernel_ = nullptr;
  cudaStream_t stream_ = nullptr;
  void* addresses_ = nullptr;
  void* waits_ = nullptr;
};

}  // namespace cmm::cuda
