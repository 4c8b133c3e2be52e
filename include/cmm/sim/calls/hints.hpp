#pragma once

#include <cstddef>
#include <span>

#include "../state.hpp"

namespace cmm::sim {

/// A range of memory that a call, or one thread block of a kernel, uses.
struct memory_use {
  const void* data = nullptr;
  std::size_t bytes = 0;
};

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
  s.clock.spend(s.machine.calls.advise);
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

}  // namespace cmm::sim
