#pragma once

#include <cstddef>

#include "../state.hpp"

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
  // Without pageable access a NUMA node is taken for no location at all, as the driver does.
  const bool by_nodes = s.machine.capability(attribute::pageable_memory_access) != 0;
  const bool ignored = where.what == location::kind::host_numa && !by_nodes;
  const location preferred = ignored ? location::none() : where;
  s.clock.spend(s.machine.calls.advise);
  const std::uint64_t user =
      where.what == location::kind::device ? std::uint64_t{1} << where.id : page::host_bit;
  each_page(*block, address_space::offset_in(*block, p), bytes, [&](page& of, const page_slice&) {
    switch (what) {
      case advice::preferred_location: of.preferred = preferred; break;
      case advice::accessed_by: of.accessed_by |= user; break;
      case advice::read_mostly: of.read_mostly = true; break;
    }
    return true;
  });
  return errc::success;
}

/// Takes advice back from the pages that the range meets.
inline errc withdraw(state& s, const void* p, std::size_t bytes, advice what, location where) {
  allocation* const block = hinted(s, p, bytes);
  if (block == nullptr) return errc::invalid_value;
  if (s.machine.capability(attribute::concurrent_managed_access) == 0) return errc::invalid_device;
  location known = where;
  if (what == advice::accessed_by) {
    if (const errc code = s.resolve(known, 0); code != errc::success) return code;
  }
  s.clock.spend(s.machine.calls.advise);
  const std::uint64_t user =
      where.what == location::kind::device ? std::uint64_t{1} << where.id : page::host_bit;
  each_page(*block, address_space::offset_in(*block, p), bytes, [&](page& of, const page_slice&) {
    switch (what) {
      case advice::preferred_location: of.preferred = location::none(); break;
      case advice::accessed_by: of.accessed_by &= ~user; break;
      case advice::read_mostly: of.read_mostly = false; break;
    }
    return true;
  });
  return errc::success;
}

/// The ranges hold nothing from here on; their pages are given up.
inline errc discard(state& s, void* const* ranges, const std::size_t* bytes, std::size_t count, stream on) {
  stream_state* const stream = s.find(on);
  if (stream == nullptr || s.streams.is_legacy(on) || count == 0) return errc::invalid_value;
  for (std::size_t i = 0; i < count; ++i) {
    if (hinted(s, ranges[i], bytes[i]) == nullptr) return errc::invalid_value;
  }
  if (s.machine.capability(attribute::concurrent_managed_access) == 0) return errc::invalid_device;
  if (stream->capture != 0) return s.invalidate(stream->capture);
  s.clock.spend(s.machine.calls.advise);
  for (std::size_t i = 0; i < count; ++i) {
    allocation& block = *hinted(s, ranges[i], bytes[i]);
    each_page(block, address_space::offset_in(block, ranges[i]), bytes[i],
              [&](page& of, const page_slice& part) {
                s.memory.drop_device(of, part.mask);
                s.memory.drop_host(of, part.mask);
                return true;
              });
  }
  return errc::success;
}

}  // namespace cmm::sim
