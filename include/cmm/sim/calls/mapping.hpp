#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "blocks.hpp"

namespace cmm::sim {

/// The first address of the reserved range in which all of these bytes lie, or null.
inline char* reserved_around(const state& s, char* at, std::size_t bytes) {
  auto found = s.reservations.upper_bound(at);
  if (found == s.reservations.begin()) return nullptr;
  const address_range& range = (--found)->second;
  const auto offset = static_cast<std::size_t>(at - range.base());
  return offset < range.bytes() && bytes <= range.bytes() - offset ? range.base() : nullptr;
}

inline bool whole_pages(const void* at, std::size_t bytes) noexcept {
  return bytes != 0 && bytes % page_bytes == 0 && reinterpret_cast<std::uintptr_t>(at) % page_bytes == 0;
}

inline errc reserve(state& s, void*& out, std::size_t bytes) {
  if (!whole_pages(nullptr, bytes)) return errc::invalid_value;
  address_range range = s.space.reserve(bytes);
  if (range.base() == nullptr) return errc::out_of_memory;
  out = range.base();
  s.reservations[range.base()] = std::move(range);
  return s.done_in(s.machine.calls.system_pair / 2);
}

inline errc free_reserved(state& s, void* p, std::size_t bytes) {
  const auto found = s.reservations.find(static_cast<char*>(p));
  if (found == s.reservations.end() || found->second.bytes() != bytes) {
    return s.misuse("cuMemAddressFree of a range that was not reserved in this size, or was freed before");
  }
  bool mapped = false;
  s.space.each([&](const allocation& block) { mapped = mapped || block.within == found->first; });
  if (mapped) return s.misuse("cuMemAddressFree of a range in which memory is still mapped");
  s.reservations.erase(found);
  return s.done_in(s.machine.calls.system_pair / 2);
}

/// Memory of a device or of a NUMA node. Host memory is cleared and pinned in one call after another, however
/// many threads ask, while other threads go on.
inline errc create_memory(state& s, memory_handle& out, std::size_t bytes, location where, bool shareable) {
  if (!whole_pages(nullptr, bytes)) return errc::invalid_value;
  if (const errc code = s.resolve(where, s.device()); code != errc::success) return code;
  const bool on_device = where.what == location::kind::device;
  const bool can = s.has(attribute::mapped_memory) && (on_device || s.has(attribute::mapped_host_memory)) &&
                   (!shareable || s.has(attribute::shareable_memory));
  if (!can) return errc::not_supported;
  if (!s.take(bytes, where)) return errc::out_of_memory;
  physical_memory made{.where = where, .bytes = bytes, .shareable = shareable, .users = 1};
  if (!s.store.take(bytes, made.offset)) {
    s.give(bytes, where);
    return errc::out_of_memory;
  }
  const std::uint64_t id = ++s.last_handle;
  s.physical[id] = made;
  s.handles[id] = id;
  out = {id};
  if (on_device) return s.done_in(map_time(s.machine.calls, bytes));
  const std::int64_t start = s.clock.start();
  const double time = s.machine.calls.host_memory_per_byte * static_cast<double>(bytes);
  s.pinning_until = std::max(start, s.pinning_until) + clock::rounded(time);
  return s.done_beside(static_cast<double>(s.pinning_until - start));
}

/// One handle or mapping less; the last one gives the memory back.
inline void leave(state& s, std::uint64_t id) {
  physical_memory& memory = s.physical.at(id);
  if (--memory.users != 0) return;
  s.give(memory.bytes, memory.where);
  s.store.give(memory.offset, memory.bytes);
  s.physical.erase(id);
}

inline errc release_memory(state& s, memory_handle handle) {
  const std::uint64_t* const found = look_up(s.handles, handle.native);
  if (found == nullptr) {
    return s.misuse("cuMemRelease of a handle that does not exist or was released before");
  }
  leave(s, *found);
  s.handles.erase(handle.native);
  return s.done_beside(s.machine.calls.ask);
}

inline errc map(state& s, void* p, std::size_t bytes, memory_handle handle) {
  auto* const at = static_cast<char*>(p);
  const std::uint64_t* const found = look_up(s.handles, handle.native);
  char* const around = reserved_around(s, at, bytes);
  if (found == nullptr || around == nullptr || !whole_pages(p, bytes)) {
    return s.misuse("cuMemMap of a handle that does not exist, or at addresses that are not reserved");
  }
  physical_memory& memory = s.physical.at(*found);
  if (bytes > memory.bytes) return errc::invalid_value;
  bool taken = false;
  s.space.each([&](const allocation& block) {
    taken = taken || (block.range.base() < at + bytes && at < block.range.base() + block.bytes);
  });
  if (taken) return s.misuse("cuMemMap of addresses that are mapped already");
  if (!s.store.map(at, bytes, memory.offset)) return errc::out_of_memory;
  const bool on_device = memory.where.what == location::kind::device;
  allocation& mapping = s.space.create_at(at, bytes, on_device ? memory_kind::device : memory_kind::pinned);
  mapping.where = memory.where;
  mapping.memory = *found;
  mapping.within = around;
  ++memory.users;
  return s.done_beside(s.machine.calls.map_per_byte / 2 * static_cast<double>(bytes));
}

/// The mappings that make up exactly these bytes, in order; none where others do.
inline std::vector<allocation*> mappings_of(state& s, void* p, std::size_t bytes) {
  std::vector<allocation*> all;
  const bool whole =
      s.space.each_part(p, bytes, [&](allocation& block, std::size_t offset, std::size_t length) {
        all.push_back(&block);
        return block.mapped() && offset == 0 && length == block.bytes;
      });
  if (!whole) all.clear();
  return all;
}

inline errc unmap(state& s, void* p, std::size_t bytes) {
  const std::vector<allocation*> all = mappings_of(s, p, bytes);
  if (all.empty()) {
    return s.misuse("cuMemUnmap of addresses that no mapping fills, or that were unmapped before");
  }
  for (const allocation* const each : all) {
    s.store.unmap(each->range.base(), each->bytes);
    const std::uint64_t memory = each->memory;
    s.space.erase(*each);
    leave(s, memory);
  }
  return s.done_beside(s.machine.calls.unmap_per_byte * static_cast<double>(bytes));
}

/// Devices reach any memory; the CPU that of a NUMA node.
inline errc set_access(state& s, void* p, std::size_t bytes, const location* places, std::size_t count) {
  std::uint64_t opened = 0;
  bool cpu = false;
  for (std::size_t i = 0; i < count; ++i) {
    location known = places[i];
    if (const errc code = s.resolve(known, 0); code != errc::success) return code;
    const bool device = known.what == location::kind::device;
    cpu = cpu || !device;
    opened |= device ? std::uint64_t{1} << known.id : page::host_bit;
  }
  const std::vector<allocation*> all = mappings_of(s, p, bytes);
  if (all.empty()) return s.misuse("cuMemSetAccess of addresses that no mapping fills");
  const auto on_host = [](const allocation* each) { return each->kind == memory_kind::pinned; };
  if (cpu && !std::all_of(all.begin(), all.end(), on_host)) return errc::invalid_value;
  for (allocation* const each : all) each->opened |= opened;
  return s.done_beside(s.machine.calls.map_per_byte / 2 * static_cast<double>(bytes));
}

inline errc export_memory(state& s, memory_handle handle, int& descriptor) {
  const std::uint64_t* const found = look_up(s.handles, handle.native);
  if (found == nullptr) return s.misuse("a handle was exported that does not exist or was released");
  if (!s.physical.at(*found).shareable) return errc::invalid_value;
  descriptor = descriptor_of(*found);
  return descriptor < 0 ? errc::out_of_memory : errc::success;
}

/// A handle of the memory that a descriptor of this machine stands for.
inline errc import_memory(state& s, memory_handle& out, int descriptor) {
  const std::uint64_t id = memory_of(descriptor);
  physical_memory* const found = look_up(s.physical, id);
  if (found == nullptr || !found->shareable) return errc::invalid_value;
  ++found->users;
  out = {++s.last_handle};
  s.handles[out.native] = id;
  return s.done_beside(s.machine.calls.ask);
}

inline errc granularity(state& s, location where, std::size_t& bytes) {
  if (const errc code = s.resolve(where, s.device()); code != errc::success) return code;
  bytes = page_bytes;
  return s.done_beside(s.machine.calls.ask);
}

}  // namespace cmm::sim
