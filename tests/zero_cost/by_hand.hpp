#pragma once

#include <atomic>
#include <cmm/core/error.hpp>
#include <cmm/core/held_blocks.hpp>
#include <cmm/core/units.hpp>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "opaque_api.hpp"

/// What a careful programmer writes without the library, for the same promises: bad requests are refused, the
/// device is entered, every status is checked, a failed placement gives the block back, hints are skipped
/// where the machine cannot take them, nothing synchronizes or frees under capture, blocks that cannot be
/// freed are kept. Only the calls and the errors are the library's.
namespace {  // so that the compiler sees each function's only caller
namespace by_hand {

using cmm::block;
using cmm::location;
using cmm::request;
using cmm::status;
using cmm::stream;

[[noreturn, gnu::cold, gnu::noinline]] void refuse(const request& r) {
  throw cmm::bad_request{"bad request of " + std::to_string(r.bytes) + " bytes"};
}

class memory {
 public:
  ~memory() {
    held_.release([&](block b) { return api_.free(b.data); });
  }

 protected:
  static void validate(const request& r) {
    if (r.bytes == 0 || r.bytes > cmm::no_limit / 2 || (r.alignment & (r.alignment - 1)) != 0 ||
        r.alignment == 0 || r.alignment > 256) [[unlikely]]
      refuse(r);
  }

  [[noreturn, gnu::cold, gnu::noinline]] static void fail(status failed) { throw cmm::cuda_error{failed}; }

  [[gnu::cold, gnu::noinline]] static block refused(status taken) {
    if (!taken.out_of_memory()) throw cmm::cuda_error{taken, "taking memory"};
    return {};
  }

  void settle(status hint, int device) {
    if (!hint.ok()) [[unlikely]]
      refused_hint(hint, device);
  }
  [[gnu::cold, gnu::noinline]] void refused_hint(status hint, int device) {
    int capable = 1;
    const status asked = api_.attribute(device, cmm::attribute::concurrent_managed_access, capable);
    if (!asked.ok() || capable != 0) throw cmm::cuda_error{hint, "placing a block"};
    skipped_.fetch_add(1, std::memory_order_relaxed);
  }

  void prefetch(const block& b, stream s) {
    std::uint64_t capture = 0;
    const status asked = api_.capture_of(s, capture);
    if (!asked.ok() || capture != 0) [[unlikely]]
      return captured(asked);
    settle(api_.prefetch(b.data, b.bytes, location::device(b.device), s), b.device);
  }
  [[gnu::cold, gnu::noinline]] void captured(status asked) {
    if (!asked.ok()) throw cmm::cuda_error{asked, "placing a block"};
    skipped_.fetch_add(1, std::memory_order_relaxed);
  }
  status give_back(const block& b, stream s) {
    std::uint64_t capture = 0;
    const status asked = api_.capture_of(s, capture);
    if (!asked.ok()) [[unlikely]]
      return asked;
    if (capture != 0) [[unlikely]]
      return {cmm::errc::capture_unsupported, "cudaFree"};
    const status done = api_.synchronize(s);
    if (!done.ok()) [[unlikely]]
      return done;
    return api_.free(b.data);
  }

  void free(const block& b, stream s) noexcept {
    const auto here = api_.enter(b.device);
    const status given = here.result().ok() ? give_back(b, s) : here.result();
    if (!given.ok()) [[unlikely]]
      held_.add(b, given);
  }

  [[gnu::cold, gnu::noinline]] void undo(const block& b, stream s) noexcept { free(b, s); }

  opaque_api api_;
  std::atomic<std::size_t> skipped_ = 0;
  cmm::detail::held_blocks held_;
};

/// `managed | threshold_prefetch`.
class threshold_memory : memory {
 public:
  explicit threshold_memory(std::size_t below) : below_{below} {}

  block allocate(request r) {
    validate(r);
    const auto here = api_.enter(r.device);
    if (!here.result().ok()) [[unlikely]]
      fail(here.result());
    void* data = nullptr;
    const status taken = api_.allocate_managed(data, r.bytes);
    if (!taken.ok()) [[unlikely]]
      return refused(taken);
    const block b{data, r.bytes, here.device()};
    try {
      settle(api_.advise(data, r.bytes, cmm::advice::preferred_location, location::device(b.device)),
             b.device);
      settle(api_.advise(data, r.bytes, cmm::advice::accessed_by, location::host()), b.device);
      if (r.bytes < below_) prefetch(b, r.stream);
    } catch (...) {
      undo(b, r.stream);
      throw;
    }
    return b;
  }
  void deallocate(block b, stream s) noexcept {
    if (b) free(b, s);
  }

 private:
  std::size_t below_;
};

/// `managed | prefer | accessed_by | prefetch | limit`.
class limited_memory : memory {
 public:
  explicit limited_memory(std::size_t budget) : budget_{budget} {}

  block allocate(request r) {
    validate(r);
    std::size_t used = used_.load(std::memory_order_relaxed);
    do {
      if (r.bytes > budget_ - used) [[unlikely]]
        return {};
    } while (!used_.compare_exchange_weak(used, used + r.bytes, std::memory_order_relaxed));
    try {
      const block b = allocate_within(r);
      if (!b) [[unlikely]]
        used_.fetch_sub(r.bytes, std::memory_order_relaxed);
      return b;
    } catch (...) {
      used_.fetch_sub(r.bytes, std::memory_order_relaxed);
      throw;
    }
  }
  void deallocate(block b, stream s) noexcept {
    if (!b) return;
    free(b, s);
    used_.fetch_sub(b.bytes, std::memory_order_relaxed);
  }

 private:
  block allocate_within(const request& r) {
    const auto here = api_.enter(r.device);
    if (!here.result().ok()) [[unlikely]]
      fail(here.result());
    void* data = nullptr;
    const status taken = api_.allocate_managed(data, r.bytes);
    if (!taken.ok()) [[unlikely]]
      return refused(taken);
    const block b{data, r.bytes, here.device()};
    try {
      settle(api_.advise(data, r.bytes, cmm::advice::preferred_location, location::device(b.device)),
             b.device);
      settle(api_.advise(data, r.bytes, cmm::advice::accessed_by, location::host()), b.device);
      prefetch(b, r.stream);
    } catch (...) {
      undo(b, r.stream);
      throw;
    }
    return b;
  }

  std::size_t budget_;
  std::atomic<std::size_t> used_ = 0;
};

}  // namespace by_hand
}  // namespace
