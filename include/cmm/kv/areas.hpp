#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "piece.hpp"

namespace cmm::kv {

/// Bytes of a range that lie in one memory: HBM where `fast`, host memory elsewhere.
struct area {
  std::size_t offset = 0;
  std::size_t bytes = 0;
  bool fast = false;

  friend constexpr bool operator==(const area&, const area&) noexcept = default;
};

/// The sum over the areas of one memory.
inline std::size_t bytes_of(std::span<const area> areas, bool fast) noexcept {
  std::size_t sum = 0;
  for (const area& each : areas) {
    if (each.fast == fast) sum += each.bytes;
  }
  return sum;
}

namespace detail {

/// Granules `[begin, end)` of a range.
struct granules {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Adds those that any of the first `fast` slots of a piece touches.
inline void mark(std::vector<granules>& touched, const piece& p, std::int32_t fast, std::size_t granule) {
  const auto whole = [&](std::size_t begin, std::size_t end) {
    touched.push_back({begin / granule, (end - 1) / granule + 1});
  };
  if (fast == 0) return;
  if (p.stride - std::min(p.stride, p.bytes) < granule) return whole(p.offset, end_of(p, fast));
  for (std::int32_t slots = 1; slots <= fast; ++slots) whole(end_of(p, slots) - p.bytes, end_of(p, slots));
}

/// Areas in order, which cover `bytes` in whole granules.
inline std::vector<area> areas_of(std::span<const piece> pieces, std::size_t bytes, std::int32_t fast,
                                  std::size_t granule) {
  std::vector<granules> touched;
  for (const piece& each : pieces) mark(touched, each, fast, granule);
  std::sort(touched.begin(), touched.end(),
            [](const granules& a, const granules& b) { return a.begin < b.begin; });
  std::vector<area> areas;
  std::size_t done = 0;  // granules
  const auto up_to = [&](std::size_t end, bool is_fast) {
    if (end <= done) return;
    if (areas.empty() || areas.back().fast != is_fast) areas.push_back({done * granule, 0, is_fast});
    areas.back().bytes += (end - done) * granule;
    done = end;
  };
  for (const granules& each : touched) {
    up_to(each.begin, false);
    up_to(each.end, true);
  }
  up_to((bytes + granule - 1) / granule, false);
  return areas;
}

}  // namespace detail
}  // namespace cmm::kv
