#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "../source/memory_area.hpp"
#include "layout.hpp"

namespace cmm::kv {

/// HBM into which pages from beyond it are copied for one layer at a time, for work that reads them often, as
/// attention over a prompt does.
///
/// Behind its pages each piece of a layout has a window, and windows of one number show the same memory: what
/// one layer is to read is copied there before it works, and then what the next one is to read. A staged slot
/// has one number for all pieces, as that of a page, so that kernels need no change but that of their table.
struct staging {
  std::int32_t pages = 0;  ///< slots `[0, pages)` of the layout are for pages; the windows lie behind them
  std::size_t bytes = 0;   ///< of each window, in whole granules of 2 MiB; 0 for no staging
  std::vector<std::uint32_t> windows{};  ///< for each piece of the layout, the number of its memory
};

/// Slots `[first, first + count)`, which lie in the windows of all pieces.
struct staged_slots {
  std::int32_t first = 0;
  std::int32_t count = 0;

  friend constexpr bool operator==(const staged_slots&, const staged_slots&) noexcept = default;
};

namespace detail {

/// Where a piece has its window.
inline std::size_t window_of(const piece& p, const staging& how, std::size_t granule) {
  const std::size_t end = how.pages == 0 ? p.offset : end_of(p, how.pages);
  return (end + granule - 1) / granule * granule;
}

/// Throws `bad_request` for a staging that cannot be of this layout, whose first `fast` slots lie in HBM.
inline void check_staging(const staging& how, const layout& of, std::int32_t fast, std::size_t granule) {
  if (how.windows.size() != of.pieces().size()) {
    refuse_layout("of its " + std::to_string(of.pieces().size()) + " pieces " +
                  std::to_string(how.windows.size()) + " have a window; give the number of one for each");
  }
  if (how.pages < fast || how.pages > of.slots()) {
    refuse_layout("of its " + std::to_string(of.slots()) + " slots " + std::to_string(how.pages) +
                  " cannot be pages beside windows, with " + std::to_string(fast) +
                  " in HBM; give a number between these");
  }
  if (how.bytes % granule != 0) {
    refuse_layout("windows of " + size_in_full(how.bytes) + " are no multiple of " + size_in_full(granule) +
                  ", in which memory comes; round it up");
  }
}

/// The areas of a range, in which windows lie where host memory would be.
inline std::vector<memory_area> with_windows(const std::vector<memory_area>& areas, const layout& of,
                                             const staging& how, location hbm, std::size_t granule) {
  struct window {
    std::size_t offset = 0;
    std::uint32_t number = 0;
  };
  std::vector<window> windows;
  for (std::size_t i = 0; i < how.windows.size(); ++i)
    windows.push_back({window_of(of.pieces()[i], how, granule), how.windows[i]});
  std::ranges::sort(windows, {}, &window::offset);

  std::vector<memory_area> made;
  std::map<std::uint32_t, std::size_t> shown;  // by number, where its memory is first seen
  auto next = windows.begin();
  for (const memory_area& each : areas) {
    std::size_t done = each.offset;
    const std::size_t end = each.offset + each.bytes;
    const auto up_to = [&](std::size_t offset) {
      if (offset > done) made.push_back({done, offset - done, each.where});
      done = offset;
    };
    for (; next != windows.end() && next->offset < end; ++next) {
      if (each.where == hbm || next->offset < done || next->offset + how.bytes > end) {
        refuse_layout("its pieces leave no room for windows of " + size_in_full(how.bytes) + " behind " +
                      std::to_string(how.pages) +
                      " pages; give it as many more slots as fill a window and 2 MiB in each piece, and "
                      "pieces that lie one behind the other");
      }
      up_to(next->offset);
      const auto [first, own] = shown.try_emplace(next->number, next->offset);
      made.push_back({next->offset, how.bytes, hbm, own ? memory_area::own_memory : first->second});
      done += how.bytes;
    }
    up_to(end);
  }
  if (next != windows.end()) refuse_layout("its windows lie behind its last slot; give it more slots");
  return made;
}

/// The slots that lie in the windows of all pieces.
inline staged_slots staged_in(const layout& of, const staging& how, std::size_t granule) {
  std::size_t first = static_cast<std::size_t>(how.pages), end = static_cast<std::size_t>(of.slots());
  for (const piece& each : of.pieces()) {
    const std::size_t begin = window_of(each, how, granule) - each.offset;
    first = std::max(first, (begin + each.stride - 1) / each.stride);
    const std::size_t within = begin + how.bytes;
    end = std::min(end, within < each.bytes ? 0 : (within - each.bytes) / each.stride + 1);
  }
  return {static_cast<std::int32_t>(first), static_cast<std::int32_t>(end > first ? end - first : 0)};
}

}  // namespace detail
}  // namespace cmm::kv
