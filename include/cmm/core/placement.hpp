#pragma once

#include <cstddef>

#include "api.hpp"
#include "error.hpp"
#include "resolve.hpp"
#include "skipped_hints.hpp"

namespace cmm {

/// What a policy can do to a fresh block: advise and prefetch, under the contract for hints.
///
/// A hint that this machine or a stream capture cannot take, or that names a place that is not there, is
/// skipped and counted; in strict mode, and when a machine that can take it refuses, it throws `cuda_error`.
/// Relative locations are resolved for the block.
template <cmm::api Api>
class placement {
 public:
  placement(Api& api, skipped_hints& skipped, bool strict, bool migratable) noexcept
      : api_{api}, skipped_{skipped}, strict_{strict}, migratable_{migratable} {}

  /// Copies each member, so that a copy for a path rarely taken does not keep the original in memory.
  placement(const placement& other) noexcept
      : api_{other.api_}, skipped_{other.skipped_}, strict_{other.strict_}, migratable_{other.migratable_} {}

  /// Advises on the whole block. Returns whether the machine took it. `policy` is who speaks, if not the
  /// policy that the advice is named after.
  [[gnu::always_inline]] bool advise(block b, advice what, location where, const char* policy = nullptr) {
    if (!migratable_) return false;
    const location at = resolve(api_, where, b.device);
    status taken = api_.advise(b.data, b.bytes, what, at);
    if (taken.ok() && at.what == location::kind::host_numa) [[unlikely]]
      taken = any_node(api_, b, what);
    if (!taken.ok()) [[unlikely]]
      return refused(taken, at, b.device, policy != nullptr ? policy : name_of(what));
    return true;
  }

  /// Populates the block at a location, or moves it there, in the order of the stream.
  [[gnu::always_inline]] bool prefetch(block b, location where, stream s) {
    if (!migratable_) return false;
    std::uint64_t capture = 0;
    const status asked = api_.capture_of(s, capture);
    if (capture != 0 || !asked.ok()) [[unlikely]]
      return captured(skipped_, strict_, asked);
    const location to = resolve(api_, where, b.device);
    const status taken = api_.prefetch(b.data, b.bytes, to, s);
    if (!taken.ok()) [[unlikely]]
      return refused(taken, to, b.device, "prefetch");
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
  static constexpr const char* name_of(advice what) noexcept {
    switch (what) {
      case advice::preferred_location: return "prefer";
      case advice::accessed_by: return "accessed_by";
      case advice::read_mostly: return "read_mostly";
    }
    return "advice";
  }

  [[gnu::always_inline]] bool refused(status result, location at, int device, const char* policy) {
    const refusal why{result.code, device};
    return strict_ ? refused<true>(api_, skipped_, why, result.call, policy, at)
                   : refused<false>(api_, skipped_, why, result.call, policy, at);
  }

  struct refusal {
    errc code;
    int device;
  };

  // Static, so that `this` does not escape and the optimizer keeps a placement in registers; six arguments,
  // so that none of them needs memory.
  template <bool Strict>
  [[gnu::cold, gnu::noinline]] static bool refused(Api& api, skipped_hints& skipped, refusal of,
                                                   const char* call, const char* policy, location at) {
    const hint which{policy, at};
    const char* const why = detail::unable(api, at, of.device);
    if (Strict || why == nullptr) {
      throw cuda_error{{of.code, call}, "placing a block by " + which.text(why)};
    }
    skipped.add(which, call, why);
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
