#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "../placing.hpp"
#include "heats.hpp"
#include "on_use.hpp"

namespace cmm::kv {

/// For sparse or skewed access: live pages that are used often come to HBM in exchange for live ones that are
/// used less. Needs `changes::used`, and an engine that takes up `moved()` in its tables after each step.
///
/// In a step the `most` hottest of the used pages beyond HBM may come in. One does once it is hotter than
/// `gain` uses and twice the coldest of the next `looks` pages of HBM, for which it leaves: two pages cross
/// the link for it, so a page that was used by chance stays where it is. Pages that become live come in as
/// with `on_use`.
struct hot_set {
  std::uint32_t half_life = 16;  ///< steps
  std::int32_t most = 32;
  std::int32_t looks = 8;
  std::uint32_t gain = 3;
  kv::heats heats{};
  std::int32_t hand = 0;                                          ///< the slot that was looked at last
  std::vector<std::pair<std::uint32_t, std::int32_t>> hottest{};  ///< heats and pages, the coldest on top

  /// Makes room for so many pages; called once, by the residency.
  void prepare(std::int32_t pages, std::int32_t) {
    heats.prepare(pages, half_life);
    hottest.reserve(static_cast<std::size_t>(std::max(most, 0)));
  }

  void place(placing& step) {
    for (const std::int32_t page : step.changes().fresh) heats.forget(page, step.step());
    on_use{}.place(step);
    hottest.clear();
    for (const std::int32_t page : step.changes().used) {
      const std::uint32_t heat = heats.use(page, step.step());
      if (!step.is_fast(page)) keep({heat, page});
    }
    std::sort_heap(hottest.begin(), hottest.end(), std::greater{});
    for (const auto& [heat, page] : hottest) {
      if (!step.bring_in(page)) trade(step, page, heat);
    }
  }

 private:
  /// Among the `most` hottest, if it is one of them.
  void keep(std::pair<std::uint32_t, std::int32_t> page) {
    if (hottest.size() < static_cast<std::size_t>(std::max(most, 0))) {
      hottest.push_back(page);
    } else if (!hottest.empty() && page > hottest.front()) {
      std::pop_heap(hottest.begin(), hottest.end(), std::greater{});
      hottest.back() = page;
    } else {
      return;
    }
    std::push_heap(hottest.begin(), hottest.end(), std::greater{});
  }

  void trade(placing& step, std::int32_t page, std::uint32_t heat) {
    const std::uint32_t least = gain * heats::once;
    if (heat <= least) return;
    std::int32_t coldest = none;
    std::uint32_t limit = (heat - least) / 2;
    for (std::int32_t i = std::min(looks, step.fast()); i > 0; --i) {
      hand = hand + 1 < step.fast() ? hand + 1 : 0;
      const std::int32_t candidate = step.page_in(hand);
      const std::uint32_t cold = heats.of(candidate, step.step());
      if (cold >= limit || !step.may_leave(candidate)) continue;
      coldest = candidate;
      limit = cold;
    }
    if (coldest != none) step.bring_in_for(page, coldest);
  }
};

static_assert(placement_policy<hot_set>);

}  // namespace cmm::kv
