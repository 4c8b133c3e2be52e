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

/// The granules that any of the first `fast` slots of a piece touches.
inline void mark(std::vector<bool>& granules, const piece& p, std::int32_t fast, std::size_t granule) {
  const auto whole = [&](std::size_t begin, std::size_t end) {
    std::fill(granules.begin() + static_cast<std::ptrdiff_t>(begin / granule),
              granules.begin() + static_cast<std::ptrdiff_t>((end - 1) / granule + 1), true);
  };
  if (fast == 0) return;
  if (p.stride - std::min(p.stride, p.bytes) < granule) return whole(p.offset, end_of(p, fast));
  for (std::int32_t slots = 1; slots <= fast; ++slots) whole(end_of(p, slots) - p.bytes, end_of(p, slots));
}

/// Areas in order, which cover `bytes` in whole granules.
inline std::vector<area> areas_of(std::span<const piece> pieces, std::size_t bytes, std::int32_t fast,
                                  std::size_t granule) {
  std::vector<bool> granules((bytes + granule - 1) / granule);
  for (const piece& each : pieces) mark(granules, each, fast, granule);
  std::vector<area> areas;
  for (std::size_t i = 0; i < granules.size(); ++i) {
    if (areas.empty() || areas.back().fast != granules[i]) areas.push_back({i * granule, 0, granules[i]});
    areas.back().bytes += granule;
  }
  return areas;
}

}  // namespace detail
}  // namespace cmm::kv
