#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>

#include "../costs/faults.hpp"

namespace cmm::sim {

/// The block that advice and prefetch may speak about, or null: managed, or system where the GPU reads it.
inline allocation* hinted(state& s, const void* p, std::size_t bytes) {
  allocation* const block = s.space.holding(p, bytes);
  if (block == nullptr || !block->pageable()) return nullptr;
  const bool reachable = block->kind == memory_kind::managed || s.has(attribute::pageable_memory_access);
  return reachable ? block : nullptr;
}

/// Gives advice to the pages that the range meets, each as a whole, or takes it back from them.
inline errc advise(state& s, const void* p, std::size_t bytes, advice what, location where, bool given) {
  allocation* const block = hinted(s, p, bytes);
  if (block == nullptr) return errc::invalid_value;
  if (!s.has(attribute::concurrent_managed_access)) return errc::invalid_device;
  const bool on_node = where.what == location::kind::host_numa;
  if (given && what == advice::accessed_by && on_node) return errc::invalid_value;
  const bool tells_where = what == advice::accessed_by || (given && what == advice::preferred_location);
  if (const errc code = s.check(where); tells_where && code != errc::success) return code;
  // Without pageable access a NUMA node is taken for no location at all, as the driver does.
  const bool ignored = on_node && !s.has(attribute::pageable_memory_access);
  const location preferred = given && !ignored ? where : location::none();
  s.clock.spend(ignored ? s.machine.calls.ask : s.machine.calls.advise);
  each_page(*block, address_space::offset_in(*block, p), bytes, [&](page& of, const page_slice&) {
    switch (what) {
      case advice::preferred_location: of.preferred = preferred; break;
      case advice::accessed_by: of.let_use(where, given); break;
      case advice::read_mostly: of.read_mostly = given; break;
    }
    return true;
  });
  return errc::success;
}

/// The ranges hold nothing from here on; their pages are given up.
inline errc discard(state& s, stream_state& stream, std::span<const memory_use> ranges) {
  if (stream.legacy || ranges.empty()) return errc::invalid_value;
  for (const memory_use& range : ranges) {
    if (hinted(s, range.data, range.bytes) == nullptr) return errc::invalid_value;
  }
  if (!s.has(attribute::concurrent_managed_access)) return errc::invalid_device;
  if (stream.capture != 0) return s.invalidate(stream.capture);
  s.clock.spend(s.machine.calls.advise);
  for (const memory_use& range : ranges) {
    allocation& block = *hinted(s, range.data, range.bytes);
    each_page(block, address_space::offset_in(block, range.data), range.bytes,
              [&](page& of, const page_slice& part) {
                s.memory.drop_device(of, part.mask);
                s.memory.drop_host(of, part.mask);
                return true;
              });
  }
  return errc::success;
}

namespace detail {

/// What a prefetch does to its ranges, in nanoseconds.
struct prefetch_work {
  double call = 0;    ///< other threads do theirs beside it
  double locked = 0;  ///< the driver does one at a time
  double moves = 0;   ///< the part of `locked` in which bytes move
  int granules = 0;   ///< of the page of a range of which most came from the host
};

/// The same for one page, of which `mask` goes to a device.
inline bool page_to_device(state& s, page& p, std::uint32_t mask, int device, prefetch_work& work) {
  const counters before = s.memory.count;
  const std::uint32_t arriving = mask & ~p.on_device;
  const bool first = p.on_device == 0;
  if (!s.memory.to_device(p, mask, device, p.read_mostly)) return false;
  const fault_costs& faults = s.machine.faults;
  const auto up = static_cast<double>(s.memory.count.bytes_to_device - before.bytes_to_device);
  const auto evicted = static_cast<double>(s.memory.count.bytes_evicted - before.bytes_evicted);
  work.moves += up / s.machine.link.h2d + evicted / faults.cpu_migrate;
  if (up > 0) work.granules = std::max(work.granules, std::popcount(arriving));
  if (first) work.locked += chunk_time(s.machine, p, arriving);
  return true;
}

/// The same for one page that goes to a NUMA node.
inline bool page_to_host(state& s, page& p, std::uint32_t mask, int node, prefetch_work& work) {
  const counters before = s.memory.count;
  const auto fresh = static_cast<double>(bytes_of(mask & p.fresh()));
  if (!s.memory.move_host(p, node) || !s.memory.to_host(p, mask, node)) return false;
  if (!p.read_mostly) s.memory.drop_device(p, mask);
  const auto down = static_cast<double>(s.memory.count.bytes_to_host - before.bytes_to_host);
  work.moves += down / s.machine.faults.cpu_migrate;
  if (down > 0) work.granules = std::max(work.granules, 1);
  work.locked += fresh / s.machine.faults.cpu_zero;
  return true;
}

}  // namespace detail

/// Moves ranges in one call, as far as there is room: like the driver's, a prefetch that does not fit still
/// succeeds. The call blocks its thread; calls of several threads overlap only in what each call costs. A
/// batch of the driver takes any stream but the legacy default one.
inline errc prefetch(state& s, stream_state& stream, std::span<const memory_use> ranges, location where,
                     bool batch) {
  if (batch && (ranges.empty() || stream.legacy)) return errc::invalid_value;
  for (const memory_use& range : ranges) {
    if (hinted(s, range.data, range.bytes) == nullptr) return errc::invalid_value;
  }
  if (const errc code = s.resolve(where, stream.device); code != errc::success) return code;
  if (!s.has(attribute::concurrent_managed_access)) return errc::invalid_device;
  if (stream.capture != 0) return s.invalidate(stream.capture);

  const prefetch_costs& costs = s.machine.prefetch;
  detail::prefetch_work work{.call = costs.call};
  const bool up = where.what == location::kind::device;
  double last = 0;
  bool whole = false;
  for (const memory_use& range : ranges) {
    allocation& block = *s.space.holding(range.data, range.bytes);
    const double moves = work.moves;
    const bool part = range.bytes < granule_bytes;
    whole = whole || !part;
    work.granules = 0;
    each_page(block, address_space::offset_in(block, range.data), range.bytes,
              [&](page& p, const page_slice& slice) {
                const bool done = up ? detail::page_to_device(s, p, slice.mask, where.id, work)
                                     : detail::page_to_host(s, p, slice.mask, where.id, work);
                if (done) p.evicted = false;
                // Here a granule comes whole; a real one comes part by part.
                if (part && work.granules > 0) p.in_parts |= slice.mask;
                if (part && (p.in_parts & slice.mask) != 0) work.granules = 1;
                return done;
              });
    last = work.moves - moves;
    if (work.granules > 0)
      work.call += costs.range_migration + s.machine.faults.granule * (work.granules - 1);
  }

  // What moves to a device goes on while the driver turns to the next range or returns.
  const double slower = s.clock.contended() ? 1 + costs.handoff : 1.0;
  const double beside = up ? (1 - costs.blocked) * slower : 0.0;
  const double locked = (work.locked + work.moves) * slower - beside * (work.moves - last);
  const std::int64_t start = s.clock.start();
  if (whole && stream.ready > start) work.call += costs.queued;
  stream.before.join(s.host);
  stream.prefetch(start, work.call + locked, s.clock.book(locked));
  return s.done_beside(work.call + locked - beside * last);
}

/// A batch, after what its ranges held is dropped.
inline errc discard_and_prefetch(state& s, stream_state& stream, std::span<const memory_use> ranges,
                                 location where) {
  if (ranges.empty() || stream.legacy) return errc::invalid_value;
  if (const errc code = s.check(where); code != errc::success) return code;
  if (const errc code = discard(s, stream, ranges); code != errc::success) return code;
  return prefetch(s, stream, ranges, where, true);
}

}  // namespace cmm::sim
