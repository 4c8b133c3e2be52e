#pragma once

#include <cstddef>

#include "state.hpp"

namespace cmm::sim {

/// The block that advice and prefetch may speak about, or null: managed, or system where the GPU reads it.
inline allocation* hinted(state& s, const void* p, std::size_t bytes) {
  allocation* const block = s.space.holding(p, bytes);
  if (block == nullptr || !block->pageable()) return nullptr;
  const bool reachable =
      block->kind == memory_kind::managed || s.machine.capability(attribute::pageable_memory_access) != 0;
  return reachable ? block : nullptr;
}

/// Advice to the pages that the range meets, each as a whole.
inline errc advise(state& s, const void* p, std::size_t bytes, advice what, location where) {
  allocation* const block = hinted(s, p, bytes);
  if (block == nullptr) return errc::invalid_value;
  if (s.machine.capability(attribute::concurrent_managed_access) == 0) return errc::invalid_device;
  if (what == advice::accessed_by && where.what == location::kind::host_numa) return errc::invalid_value;
  location known = where;
  if (what != advice::read_mostly) {
    if (const errc code = s.resolve(known, 0); code != errc::success) return code;
  }
  s.clock.spend(s.machine.calls.advise);
  const std::uint64_t user =
      where.what == location::kind::device ? std::uint64_t{1} << where.id : page::host_bit;
  each_page(*block, address_space::offset_in(*block, p), bytes, [&](page& of, const page_slice&) {
    switch (what) {
      case advice::preferred_location: of.preferred = where; break;
      case advice::accessed_by: of.accessed_by |= user; break;
      case advice::read_mostly: of.read_mostly = true; break;
    }
    return true;
  });
  return errc::success;
}

/// Moves the range, as far as there is room: like the driver's, a prefetch that does not fit still succeeds.
/// The call blocks its thread; calls of several threads overlap up to what the link and the driver allow.
inline errc prefetch(state& s, const void* p, std::size_t bytes, location where, stream on) {
  stream_state* const stream = s.find(on);
  allocation* const block = hinted(s, p, bytes);
  if (stream == nullptr || block == nullptr) return errc::invalid_value;
  if (const errc code = s.resolve(where, stream->device); code != errc::success) return code;
  if (s.machine.capability(attribute::concurrent_managed_access) == 0) return errc::invalid_device;
  if (stream->capture != 0) return s.invalidate(stream->capture);

  const bool to_device = where.what == location::kind::device;
  const counters before = s.count;
  std::size_t fresh = 0;
  each_page(*block, address_space::offset_in(*block, p), bytes, [&](page& of, const page_slice& part) {
    const std::uint32_t untouched = part.mask & ~of.on_device & ~of.on_host;
    if (to_device && !s.memory.to_device(of, part.mask, where.id, of.read_mostly, s.count)) return false;
    if (!to_device) {
      if (!s.memory.move_host(of, where.id, s.count)) return false;
      if (!s.memory.to_host(of, part.mask, where.id, s.count)) return false;
      if (!of.read_mostly) s.memory.drop_device(of, part.mask);
    }
    of.evicted = false;
    fresh += bytes_of(untouched);
    return true;
  });

  const prefetch_costs& costs = s.machine.prefetch;
  const auto size = static_cast<double>(bytes);
  const auto populated = static_cast<double>(fresh);
  const auto up = static_cast<double>(s.count.bytes_to_device - before.bytes_to_device);
  const auto evicted = static_cast<double>(s.count.bytes_evicted - before.bytes_evicted);
  const auto down = static_cast<double>(s.count.bytes_to_host - before.bytes_to_host) - evicted;
  const double filling =
      populated / (to_device ? costs.populate.at(size) : double{s.machine.faults.cpu_first_touch});
  const double moving =
      up / costs.to_device.at(size) + down / costs.to_host + evicted / s.machine.faults.eviction;
  const double alone = (to_device ? populated / costs.populate_cap : 0.0) +
                       (up > 0 ? costs.to_device_lock + up / costs.to_device.points.back().at : 0.0);
  const std::int64_t start = s.clock.start();
  stream->before.join(s.host);
  stream->prefetch(start, s.machine.calls.advise + filling + moving, s.clock.book(alone));
  s.clock.overlap(s.machine.calls.advise + filling +
                  moving * (to_device ? costs.blocked_share.at(size) : 1.0));
  return errc::success;
}

}  // namespace cmm::sim
