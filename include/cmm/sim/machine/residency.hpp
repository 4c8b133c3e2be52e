#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "../../core/residence.hpp"
#include "../state.hpp"

namespace cmm::sim {

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
