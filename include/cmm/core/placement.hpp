#pragma once

#include <atomic>
#include <cstddef>
#include <string>

#include "api.hpp"
#include "error.hpp"
#include "resolve.hpp"
#include "say.hpp"

namespace cmm {

/// How often a hint was not taken. The first that the machine could not take is said on stderr, all are
/// counted.
class skipped_hints {
 public:
  [[nodiscard]] std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

  void add() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  void add(const char* call, const char* why) noexcept {
    add();
    if (!said_.exchange(true, std::memory_order_relaxed)) {
      detail::say(std::string{call} + " is skipped: " + why +
                  "; the memory works, its placement is the driver's");
    }
  }

 private:
  std::atomic<std::size_t> count_ = 0;
  std::atomic<bool> said_ = false;
};

/// What a policy can do to a fresh block: advise and prefetch, under the contract for hints.
///
/// A hint that this machine or a stream capture cannot take is skipped and counted; in strict mode, and when
/// a machine that can take it refuses, it throws `cuda_error`. Relative locations are resolved for the block.
template <cmm::api Api>
class placement {
 public:
  placement(Api& api, skipped_hints& skipped, bool strict, bool migratable) noexcept
      : api_{api}, skipped_{skipped}, strict_{strict}, migratable_{migratable} {}

  /// Copies each member, so that a copy for a path rarely taken does not keep the original in memory.
  placement(const placement& other) noexcept
      : api_{other.api_}, skipped_{other.skipped_}, strict_{other.strict_}, migratable_{other.migratable_} {}

  /// Advises on the whole block. Returns whether the machine took it.
  [[gnu::always_inline]] bool advise(block b, advice what, location where) {
    if (!migratable_) return false;
    const location at = resolve(api_, where, b.device);
    status taken = api_.advise(b.data, b.bytes, what, at);
    if (taken.ok() && at.what == location::kind::host_numa) [[unlikely]]
      taken = any_node(api_, b, what);
    if (!taken.ok()) [[unlikely]]
      return refused(api_, skipped_, strict_, taken, b.device);
    return true;
  }

  /// Populates the block at a location, or moves it there, in the order of the stream.
  [[gnu::always_inline]] bool prefetch(block b, location where, stream s) {
    if (!migratable_) return false;
    std::uint64_t capture = 0;
    const status asked = api_.capture_of(s, capture);
    if (capture != 0 || !asked.ok()) [[unlikely]]
      return captured(skipped_, strict_, asked);
    const status taken = api_.prefetch(b.data, b.bytes, resolve(api_, where, b.device), s);
    if (!taken.ok()) [[unlikely]]
      return refused(api_, skipped_, strict_, taken, b.device);
    return true;
  }

  /// Makes a device current on this thread until the returned guard ends.
  auto enter(int device) { return api_.enter(device); }

  /// Which stream the handle means on this thread; a per-thread default stream is another one on each.
  std::uint64_t stream_id(stream s) {
    std::uint64_t id = 0;
    detail::check(api_.stream_id(s, id), "placing a block");
    return id;
  }

 private:
  // Static, so that `this` does not escape and the optimizer keeps a placement in registers.
  [[gnu::cold, gnu::noinline]] static bool refused(Api& api, skipped_hints& skipped, bool strict,
                                                   status result, int device) {
    int capable = 1;
    const status asked = api.attribute(device, attribute::concurrent_managed_access, capable);
    if (strict || !asked.ok() || capable != 0) detail::fail(result, "placing a block");
    skipped.add(result.call, "this device has no concurrent managed access");
    return false;
  }

  /// A GPU that does not read pageable memory accepts a NUMA node as preferred location and ignores it (seen
  /// on an H200, driver 580): there, the host as a whole is what keeps the pages off the GPU.
  [[gnu::cold, gnu::noinline]] static status any_node(Api& api, block b, advice what) {
    int by_nodes = 0;
    const status asked = api.attribute(b.device, attribute::pageable_memory_access, by_nodes);
    if (!asked.ok() || by_nodes != 0) return asked;
    return api.advise(b.data, b.bytes, what, location::host());
  }

  [[gnu::cold, gnu::noinline]] static bool captured(skipped_hints& skipped, bool strict, status asked) {
    if (!asked.ok() && asked.code != errc::capture_implicit) detail::fail(asked, "placing a block");
    if (strict) detail::fail({errc::capture_unsupported, "cudaMemPrefetchAsync"}, "placing a block");
    skipped.add();  // every capture that takes memory does so: no news about the machine
    return false;
  }

  Api& api_;
  skipped_hints& skipped_;
  bool strict_;
  bool migratable_;
};

}  // namespace cmm
