#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../core/error.hpp"
#include "calls/blocks.hpp"
#include "calls/copies.hpp"
#include "calls/kernels.hpp"
#include "calls/prefetch.hpp"
#include "calls/product.hpp"
#include "calls/streams.hpp"
#include "state.hpp"

namespace cmm::sim {

/// A simulated machine: pages of 2 MiB, tiers, streams and a virtual clock, deterministic for a given order
/// of calls. `sim::api` makes the calls of the CUDA runtime on it; what is here builds situations and looks
/// at them.
///
/// Any thread may use it, under one lock. When memory runs out, calls answer `out_of_memory`: managed and
/// system memory together are reserved against HBM plus host memory. A forked child gets `not_initialized`.
class machine {
 public:
  /// `null` is the default stream that the null handle means: give `stream::per_thread()` for a program that
  /// is compiled with per-thread default streams.
  explicit machine(const sim::profile& simulated, backing how = backing::real, stream null = stream::legacy())
      : state_{simulated, how, null} {}

  /// What it was made from.
  [[nodiscard]] const sim::profile& profile() const noexcept { return state_.machine; }

  /// Runs one api call, `errc body(state&, arguments...)`, unless it is chosen to fail; a failed one changes
  /// nothing.
  status call(const char* name, auto body, auto&&... arguments) {
    if (getpid() != process_) return {errc::not_initialized, name};
    const std::lock_guard lock{mutex_};
    if (const errc planned = state_.calls.next(name); planned != errc::success) return {planned, name};
    return {body(state_, arguments...), name};
  }
  /// The same of a call in a stream, `errc body(state&, stream_state&, arguments...)`.
  status call_in(stream on, const char* name, auto body, auto&&... arguments) {
    return call(name, [&](state& s) { return in_stream(s, on, body, arguments...); });
  }
  /// Reads or changes the state under the lock; this is no api call.
  auto inspect(auto body, auto&&... arguments) {
    const std::lock_guard lock{mutex_};
    return std::invoke(body, state_, arguments...);
  }

  /// Virtual time in nanoseconds: the latest of all host threads, which all go on from there.
  std::int64_t now() {
    return inspect([](state& s) { return s.clock.now(); });
  }

  /// Makes the device current for the calling thread. Throws `bad_request`.
  void set_device(int device) {
    inspect([&](state& s) { s.device() = known(s, device); });
  }
  [[nodiscard]] stream default_stream() const noexcept { return state_.streams.null(); }
  /// A new stream, which never waits for the legacy default stream by itself. Throws `bad_request`.
  stream create_stream(int device = 0) {
    return inspect([&](state& s) { return s.streams.create(known(s, device)); });
  }
  void destroy_stream(stream on) {
    inspect([&](state& s) {
      if (!s.streams.destroy(on)) s.misuse("a stream was destroyed that does not exist");
      s.forget_retired();
    });
  }
  status begin_capture(stream on) { return run(on, "cudaStreamBeginCapture", sim::begin_capture); }
  /// Ends the capture; an invalidated one answers `capture_unsupported`.
  status end_capture(stream on) { return run(on, "cudaStreamEndCapture", sim::end_capture); }

  /// A kernel on the stream touches `bytes` at `p`: every byte, or with `stride` one word at each stride.
  ///
  /// `illegal_address` where the device may not go, `out_of_memory` when a fault finds no room.
  status gpu_touch(const void* p, std::size_t bytes, access how, std::size_t stride = 0, stream on = {}) {
    return run(on, "kernel", run_kernel, one<memory_use>({p, bytes}), how, stride);
  }
  /// One kernel whose thread blocks each touch one range: a gather of blocks.
  status gpu_gather(std::span<const memory_use> uses, access how, stream on = {}) {
    return run(on, "kernel", run_kernel, uses, how, std::size_t{0});
  }
  /// A kernel makes copies with loads and stores, all at once.
  status gpu_copy(std::span<const copy_use> copies, stream on = {}) {
    return run(on, "kernel", run_copy_kernel, copies);
  }
  status gpu_copy(void* to, const void* from, std::size_t bytes, stream on = {}) {
    return gpu_copy(one<copy_use>({to, from, bytes}), on);
  }
  /// A kernel of one thread makes `steps` loads in the range, each waiting for the one before.
  status gpu_chase(const void* p, std::size_t bytes, std::size_t steps, stream on = {}) {
    return run(on, "kernel", run_chase, p, bytes, steps);
  }
  /// A matrix product; nothing is computed, it only takes its time.
  status gpu_multiply(const matrix_product& what, stream on = {}) {
    return run(on, "matrix product", run_product, what);
  }
  /// A kernel that only computes, for this many nanoseconds.
  status gpu_compute(double nanoseconds, stream on = {}) {
    return run(on, "kernel", run_compute, nanoseconds);
  }
  /// Loops of this many threads touch the memory; what streams still do is not waited for.
  status cpu_touch(const void* p, std::size_t bytes, access how, std::size_t stride = 0, int threads = 1) {
    return {inspect(run_loop, p, bytes, how, stride, threads), "cpu access"};
  }

  /// The copy engine copies; memory that belongs to no block is the program's own.
  status copy(void* to, const void* from, std::size_t bytes, stream on = {}) {
    return call_in(on, "cudaMemcpyAsync", sim::copy, one<copy_use>({to, from, bytes}), false);
  }
  /// The program's own memory goes to the device, as a table of addresses does before a kernel reads it.
  status copy_table(std::size_t bytes, stream on = {}) {
    return call_in(on, "cudaMemcpyAsync", sim::copy_table, bytes);
  }
  /// All of these copies in one call.
  status copy_batch(std::span<const copy_use> copies, stream on = {}) {
    return call_in(on, "cudaMemcpyBatchAsync", sim::copy, copies, true);
  }
  /// Prefetches all of these ranges in one call.
  status prefetch_batch(std::span<const memory_use> ranges, location where, stream on) {
    return call_in(on, "cudaMemPrefetchBatchAsync", sim::prefetch, ranges, where, false);
  }
  /// Host memory that never moves and that every device reaches.
  status allocate_pinned(void*& out, std::size_t bytes) {
    return call("cudaMallocHost", sim::allocate_pinned, out, bytes);
  }
  status free_pinned(void* p) { return call("cudaFreeHost", sim::free_pinned, p); }
  /// Kernels of the current device may use memory of another one; pools grant access themselves.
  status enable_peer_access(int other) {
    return call("cudaDeviceEnablePeerAccess", [&](state& s) {
      if (!s.known_device(other) || other == s.device()) return errc::invalid_device;
      s.of(s.device()).reaches |= std::uint64_t{1} << other;
      return errc::success;
    });
  }
  /// The virtual time at which the stream has done its work.
  std::int64_t done_at(stream on) {
    return inspect([&](state& s) {
      const stream_state* const found = s.find(on);
      return found == nullptr ? s.clock.now() : found->free_at(s.clock.now());
    });
  }

  /// How many bytes of the range live where; bytes nobody touched are in `location::none()`.
  std::vector<residence> residency(const void* p, std::size_t bytes) {
    return inspect(sim::residency, p, bytes);
  }
  /// The bytes of the range that live in one place.
  std::size_t resident(const void* p, std::size_t bytes, location where) {
    for (const residence& r : residency(p, bytes)) {
      if (r.where == where) return r.bytes;
    }
    return 0;
  }

  /// The position of the stream now.
  mark mark_of(stream on) {
    return inspect([&](state& s) {
      stream_state* const found = s.find(on);
      return found == nullptr ? mark{} : mark{found->id, ++found->tick};
    });
  }
  /// True if all that the stream does from now on happens after the mark.
  bool ordered_after(mark earlier, stream on) {
    return inspect([&](state& s) {
      const stream_state* const found = s.find(on);
      return found != nullptr && s.ordered(earlier, *found);
    });
  }

  /// The n-th api call from now (1 is the next), of any name or of one, fails and has no effect.
  void fail_nth(std::size_t n, errc code) { fail({}, n, code, false); }
  void fail_nth(std::string_view call, std::size_t n, errc code) { fail(call, n, code, false); }
  /// The n-th call and all after it fail.
  void fail_from(std::size_t n, errc code) { fail({}, n, code, true); }
  void fail_from(std::string_view call, std::size_t n, errc code) { fail(call, n, code, true); }
  void clear_faults() {
    inspect([](state& s) { s.calls.clear(); });
  }
  /// How many api calls there were, of one name or of any.
  std::size_t calls(std::string_view call = {}) {
    return inspect([&](state& s) { return s.calls.calls(call); });
  }

  /// Blocks of any kind that were taken and not given back.
  std::size_t live_blocks() { return inspect(sim::live_blocks); }
  /// Bytes of live blocks that are in a place; of `location::none()`, those that nobody touched.
  std::size_t live_bytes(location where) { return inspect(sim::live_bytes, where); }
  std::size_t live_managed_bytes() { return inspect(sim::live_managed_bytes); }
  std::size_t live_pools() { return how_many(&state::pools); }
  /// Memory handles, mappings and reserved ranges that were not given back.
  std::size_t live_handles() { return how_many(&state::handles); }
  std::size_t live_mappings() { return inspect(sim::live_mappings); }
  std::size_t live_reservations() { return how_many(&state::reservations); }
  std::size_t live_events() { return how_many(&state::events); }

  /// What the paging did so far, in faults served and bytes.
  sim::counters counters() {
    return inspect([](state& s) { return s.memory.count; });
  }
  /// How often the api was used against its rules: double frees, dead streams and events, pools with live
  /// blocks.
  std::size_t misuses() { return inspect(&state::misuses); }
  std::string last_misuse() { return inspect(&state::last_misuse); }
  std::size_t invalidated_captures() { return inspect(&state::invalidated); }
  /// The names of all ranges pushed so far.
  std::vector<std::string> ranges() { return inspect(&state::ranges); }
  /// Ranges pushed and not popped.
  int open_ranges() { return inspect(&state::open_ranges); }

 private:
  template <class Each>
  static std::span<const Each> one(const Each& only) {
    return {&only, 1};
  }
  static int known(const state& s, int device) {
    if (s.known_device(device)) return device;
    throw bad_request{"the simulated machine has no device " + std::to_string(device)};
  }
  /// What is no call of an api: it is not counted and never chosen to fail.
  status run(stream on, const char* name, auto body, const auto&... arguments) {
    return {inspect([&](state& s) { return in_stream(s, on, body, arguments...); }), name};
  }
  template <class Map>
  std::size_t how_many(Map state::*of) {
    return inspect([&](state& s) { return (s.*of).size(); });
  }
  void fail(std::string_view call, std::size_t n, errc code, bool onward) {
    inspect([&](state& s) { s.calls.plan(call, n, code, onward); });
  }

  const pid_t process_ = getpid();
  std::mutex mutex_;
  state state_;
};

}  // namespace cmm::sim
