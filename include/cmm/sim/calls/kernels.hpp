#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "../costs/paging.hpp"
#include "blocks.hpp"

namespace cmm::sim {

/// What bytes of memory that never moves cost a kernel of a device, or its copy engine.
inline outcome cost_of_fixed(const profile& machine, const allocation& block, double bytes, access how,
                             int device, bool engine) {
  const bool reads = how == access::read;
  outcome sum;
  if ((block.kind == memory_kind::device && block.where.id == device) || machine.unified) {
    sum.near = bytes / rate_of(machine.hbm, how);
  } else if (block.kind == memory_kind::device) {
    const link& of = machine.link;
    sum.across.add(how, bytes, engine ? of.peer : reads ? of.peer_read : of.peer_write);
  } else {
    sum.over.add(how, bytes, over_link(machine, block.where.id, device, how, engine));
  }
  return sum;
}

/// Memory that never moves, used by a kernel.
inline outcome touch_fixed(state& s, const allocation& block, const touch& use, int device) {
  const pool_state* const pool = look_up(s.pools, block.pool);
  const bool granted = pool != nullptr && (pool->granted >> device & 1) != 0;
  const bool direct = block.kind == memory_kind::device && !block.mapped();
  const bool reached = direct && (block.where.id == device ||
                                  (pool == nullptr && (s.of(device).reaches >> block.where.id & 1) != 0));
  if (!reached && !granted && !block.opened_to(device)) return {.code = errc::illegal_address};
  return cost_of_fixed(s.machine, block, use.moved({use.offset, use.bytes, 0}), use.how, device, false);
}

/// One range that a kernel uses: what it costs, or why it may not.
inline outcome touch_range(state& s, const memory_use& range, access how, std::size_t stride,
                           const kernel_reach& by) {
  const bool readable = s.has(attribute::pageable_memory_access);
  outcome sum;
  const bool there = s.space.each_part(
      range.data, range.bytes, [&](allocation& block, std::size_t offset, std::size_t bytes) {
        const touch use{offset, bytes, how, stride};
        if (block.kind == memory_kind::system && !readable) return false;
        sum += block.pageable() ? gpu_touch(s, block, use, by) : touch_fixed(s, block, use, by.device);
        return sum.ok();
      });
  if (!there && sum.ok()) sum.code = errc::illegal_address;
  return sum;
}

/// One range read and another written, by loads and stores.
inline outcome copy_range(state& s, const copy_use& what, const kernel_reach& by) {
  outcome sum = touch_range(s, {what.from, what.bytes}, access::read, 0, by);
  if (sum.ok()) sum += touch_range(s, {what.to, what.bytes}, access::write, 0, by);
  return sum;
}

/// How far a kernel over ranges of one size reaches at once, by what its threads have in flight.
inline kernel_reach reach_of(const profile& machine, std::span<const memory_use> ranges, std::size_t stride,
                             int device) {
  constexpr auto page = static_cast<double>(page_bytes);
  if (ranges.empty()) return {device, 1};
  const auto bytes = static_cast<double>(ranges.front().bytes);
  const processor& gpu = machine.gpu;
  const double each = stride < touch::dense_below ? gpu.in_flight : gpu.threads * static_cast<double>(stride);
  const double there = static_cast<double>(ranges.size()) * std::ceil(bytes / page);
  return {device, std::min(there, gpu.multiprocessors * each / std::min(bytes, page))};
}

/// Puts work into the stream that takes `least` nanoseconds and what its memory takes. Under capture it only
/// takes its place in the order.
inline void submit(state& s, stream_state& to, const outcome& what, double least) {
  to.before.join(s.host);
  const std::int64_t start = to.free_at(s.clock.start());
  if (to.capture != 0) return to.work_until(start);
  const std::int64_t begin = start + clock::rounded(least + what.faults);
  const link& of = s.machine.link;
  to.work_until(
      std::max({begin + clock::rounded(what.near), s.of(to.device).link.book(begin, what.over, of.both),
                s.of(to.device).peers.book(begin, what.across, of.peer_both)}));
}

/// Launches a kernel; the host waits for nothing.
inline errc launch(state& s, stream_state& to, const outcome& what) {
  s.clock.spend(s.machine.calls.launch);
  submit(s, to, what, s.machine.gpu.launch);
  return what.code;
}

/// A kernel that uses these ranges.
inline errc run_kernel(state& s, stream_state& stream, std::span<const memory_use> ranges, access how,
                       std::size_t stride) {
  outcome sum;
  const kernel_reach by = reach_of(s.machine, ranges, stride, stream.device);
  for (const memory_use& range : ranges) {
    if (!s.space.holds(range.data, range.bytes)) return errc::illegal_address;
    if (stream.capture == 0) sum += touch_range(s, range, how, stride, by);
    if (!sum.ok()) break;
  }
  return launch(s, stream, sum);
}

inline errc run_compute(state& s, stream_state& stream, double nanoseconds) {
  submit(s, stream, {}, nanoseconds);
  return errc::success;
}

/// A kernel that makes all of these copies at once.
inline errc run_copy_kernel(state& s, stream_state& stream, std::span<const copy_use> copies) {
  outcome sum;
  for (const copy_use& each : copies) {
    const memory_use range{each.from, each.bytes};
    sum += copy_range(s, each, reach_of(s.machine, {&range, 1}, 0, stream.device));
    if (!sum.ok()) break;
  }
  if (sum.over.up.bytes > 0 && sum.over.down.bytes > 0) {
    const double bytes = sum.over.up.bytes + sum.over.down.bytes;
    sum.near = std::max(sum.near, bytes / s.machine.link.remote_both);
  }
  return launch(s, stream, sum);
}

/// A loop of CPU threads.
inline errc run_loop(state& s, const void* p, std::size_t bytes, access how, std::size_t stride,
                     int threads) {
  outcome done;
  const bool there =
      s.space.each_part(p, bytes, [&](allocation& block, std::size_t offset, std::size_t length) {
        const bool on_device = block.kind == memory_kind::device;
        if (block.mapped() ? (block.opened & page::host_bit) == 0 : on_device) return false;
        const touch use{offset, length, how, stride};
        const page_slice all{offset, length, 0};
        done += block.pageable() ? cpu_touch(s, block, use, threads)
                                 : outcome{.near = cpu_time(s.machine, use, all, threads, on_device)};
        return done.ok();
      });
  if (!there && done.ok()) return errc::illegal_address;
  s.clock.spend(done.faults + done.near);
  return done.code;
}

/// A kernel of one thread that follows a chain through the range, of which the cache holds a part; what it
/// finds elsewhere comes by fault or is read in place, past the cache.
inline errc run_chase(state& s, stream_state& stream, const void* p, std::size_t bytes, std::size_t steps) {
  constexpr std::size_t os_page = 4096;
  const outcome touched = touch_range(s, {p, bytes}, access::read, os_page, {stream.device, 1});
  if (!touched.ok()) return touched.code;
  double near = 0;
  for (const residence& each : residency(s, p, bytes)) {
    const bool here = s.machine.unified || each.where == location::device(stream.device);
    near += here ? static_cast<double>(each.bytes) : 0.0;
  }
  const auto all = static_cast<double>(bytes);
  const double share = std::min(1.0, near / all);
  const double held = std::min(1.0, s.machine.gpu.cache / all);
  const double here = held * s.machine.gpu.cache_latency + (1 - held) * s.machine.hbm.latency;
  const double load = share * here + (1 - share) * s.machine.link.remote_latency;
  return launch(s, stream, {.faults = touched.faults, .near = load * static_cast<double>(steps)});
}

}  // namespace cmm::sim
