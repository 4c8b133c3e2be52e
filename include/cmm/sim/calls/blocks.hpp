#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "../../core/residence.hpp"
#include "../costs/faults.hpp"

namespace cmm::sim {

/// Nanoseconds in which the driver maps a block of device memory, or unmaps it: half of the pair.
constexpr double map_time(const call_costs& of, std::size_t bytes) {
  return (of.device_pair + of.device_pair_per_byte * static_cast<double>(bytes)) / 2;
}

/// Nanoseconds of `cudaMalloc` or `cudaFree`. Small blocks share chunks of 2 MiB: one is mapped when no other
/// has room, and unmapped when it is empty.
inline double device_time(state& s, int device, std::size_t bytes, bool taken) {
  if (bytes >= page_bytes) return map_time(s.machine.calls, bytes);
  const auto chunks = [](std::size_t small) { return (small + page_bytes - 1) / page_bytes; };
  std::size_t& small = s.of(device).small_blocks;
  const std::size_t before = std::exchange(small, taken ? small + bytes : small - bytes);
  return chunks(before) == chunks(small) ? s.machine.calls.small_device_pair / 2
                                         : map_time(s.machine.calls, page_bytes);
}

/// Takes a block in so many nanoseconds.
inline errc take(state& s, void*& out, std::size_t bytes, memory_kind kind, location where, double time) {
  if (bytes == 0) return errc::invalid_value;
  const allocation* const block = s.create(bytes, kind, where);
  if (block == nullptr) return errc::out_of_memory;
  out = block->range.base();
  return s.done_in(time);
}

inline errc allocate_managed(state& s, void*& out, std::size_t bytes) {
  return take(s, out, bytes, memory_kind::managed, location::none(), s.machine.calls.managed_pair / 2);
}

inline errc allocate_system(state& s, void*& out, std::size_t bytes) {
  return take(s, out, bytes, memory_kind::system, location::host(), s.machine.calls.system_pair / 2);
}

inline errc allocate_device(state& s, void*& out, std::size_t bytes) {
  const int here = s.device();
  const errc taken = take(s, out, bytes, memory_kind::device, location::device(here), 0);
  return taken == errc::success ? s.done_in(device_time(s, here, bytes, true)) : taken;
}

/// Nanoseconds in which so many bytes of host memory are pinned.
inline double pinning_time(const call_costs& of, std::size_t bytes) {
  return of.system_pair / 2 + of.pinned_per_byte * static_cast<double>(bytes);
}

/// Host memory that never moves and that every device reaches, on the node nearest to the current device.
inline errc allocate_pinned(state& s, void*& out, std::size_t bytes) {
  const location node = location::host_numa(s.machine.nearest_node(s.device()));
  const errc taken = take(s, out, bytes, memory_kind::pinned, node, pinning_time(s.machine.calls, bytes));
  if (taken == errc::success) s.space.find(out)->opened = ~std::uint64_t{0};
  return taken;
}

inline errc free_block(state& s, void* p) {
  if (p == nullptr) return errc::success;
  allocation* const block = s.space.find(p);
  const bool managed = block != nullptr && block->kind == memory_kind::managed;
  const bool known = managed || (block != nullptr && block->kind == memory_kind::device);
  if (!known || block->pool != nullptr || block->mapped()) {
    return s.misuse("cudaFree of memory that cudaMalloc did not give, or that was freed before");
  }
  double time =
      managed ? s.machine.calls.managed_pair / 2 : device_time(s, block->where.id, block->bytes, false);
  for (const page& each : block->pages) {
    if (each.on_device != 0) time += chunk_time(s.machine, each, each.on_device);
  }
  s.destroy(*block);
  return s.done_in(time);
}

inline errc free_system(state& s, void* p, std::size_t bytes) {
  allocation* const block = s.space.find(p);
  if (block == nullptr || block->kind != memory_kind::system || block->bytes != bytes) {
    return s.misuse("munmap of memory that mmap did not give in this size, or that was unmapped before");
  }
  s.destroy(*block);
  return s.done_in(s.machine.calls.system_pair / 2);
}

inline errc free_pinned(state& s, void* p) {
  allocation* const block = s.space.find(p);
  if (block == nullptr || block->mapped() || block->opened == 0) {
    return s.misuse("cudaFreeHost of memory that cudaMallocHost did not give, or that was freed before");
  }
  s.destroy(*block);
  return s.done_in(s.machine.calls.system_pair / 2);
}

inline void add_residency(std::vector<residence>& sums, allocation& block, std::size_t offset,
                          std::size_t bytes) {
  if (!block.pageable()) return add(sums, block.where, bytes);
  if (block.pages.empty()) return add(sums, location::none(), bytes);
  each_page(block, offset, bytes, [&](const page& p, const page_slice& part) {
    const std::size_t end = part.offset + part.bytes;
    for (std::size_t at = part.offset; at < end;) {
      const std::size_t next = std::min(end, (at / granule_bytes + 1) * granule_bytes);
      const std::uint32_t bit = granules_of(at % page_bytes, at % page_bytes);
      if ((p.on_device & bit) != 0) add(sums, location::device(p.device), next - at);
      if ((p.on_host & bit) != 0) add(sums, location::host_numa(p.node), next - at);
      if (((p.on_device | p.on_host) & bit) == 0) add(sums, location::none(), next - at);
      at = next;
    }
    return true;
  });
}

/// A duplicated granule counts in both places; memory outside of live blocks nowhere.
inline std::vector<residence> residency(state& s, const void* p, std::size_t bytes) {
  std::vector<residence> sums;
  if (!s.space.holds(p, bytes)) return sums;
  s.space.each_part(p, bytes, [&](allocation& block, std::size_t offset, std::size_t length) {
    add_residency(sums, block, offset, length);
    return true;
  });
  return sums;
}

inline std::size_t live_bytes(state& s, location where) {
  std::vector<residence> sums;
  s.space.each([&](allocation& block) {
    if (!block.kept && !block.mapped()) add_residency(sums, block, 0, block.bytes);
  });
  for (const auto& [id, memory] : s.physical) add(sums, memory.where, memory.bytes);
  std::size_t sum = 0;
  for (const residence& each : sums) {
    const bool any_node = where.what == location::kind::host && each.where.what == location::kind::host_numa;
    if (any_node || each.where == where) sum += each.bytes;
  }
  return sum;
}

/// The sum of what `counted(allocation)` says of each block that is live.
std::size_t sum_of_live(state& s, auto counted) {
  std::size_t sum = 0;
  s.space.each([&](const allocation& block) { sum += block.kept ? 0 : counted(block); });
  return sum;
}
inline std::size_t live_managed_bytes(state& s) {
  return sum_of_live(s, [](const allocation& of) { return of.kind == memory_kind::managed ? of.bytes : 0; });
}
inline std::size_t live_blocks(state& s) {
  return sum_of_live(s, [](const allocation& of) { return of.mapped() ? 0U : 1U; });
}
inline std::size_t live_mappings(state& s) {
  return sum_of_live(s, [](const allocation& of) { return of.mapped() ? 1U : 0U; });
}

}  // namespace cmm::sim
