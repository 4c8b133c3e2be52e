#pragma once

#include <algorithm>
#include <cstdint>

#include "../placing.hpp"
#include "heats.hpp"
#include "on_use.hpp"

namespace cmm::kv {

/// For sparse or skewed access: live pages that are used often come to HBM in exchange for live ones that are
/// used less. Needs `changes::used`, and an engine that takes up `moved()` in its tables after each step.
///
/// A page comes in once it is hotter than twice the coldest of the next `looks` pages of HBM, at most `most`
/// in a step; pages that become live come in as with `on_use`.
struct hot_set {
  std::uint32_t half_life = 16;  ///< steps
  std::int32_t most = 32;
  std::int32_t looks = 8;
  kv::heats heats{};
  std::int32_t hand = 0;  ///< the slot that was looked at last

  /// Makes room for so many pages; called once, by the residency.
  void prepare(std::int32_t pages, std::int32_t) { heats.prepare(pages, half_life); }

  void place(placing& step) {
    for (const std::int32_t page : step.changes().fresh) heats.forget(page, step.step());
    on_use{}.place(step);
    std::int32_t left = most;
    for (const std::int32_t page : step.changes().used) {
      heats.use(page, step.step());
      if (left > 0 && !step.is_fast(page) && (step.bring_in(page) || trade(step, page))) --left;
    }
  }

 private:
  bool trade(placing& step, std::int32_t page) {
    std::int32_t coldest = none;
    std::uint32_t limit = heats.of(page, step.step()) / 2;
    for (std::int32_t i = std::min(looks, step.fast()); i > 0; --i) {
      hand = hand + 1 < step.fast() ? hand + 1 : 0;
      const std::int32_t candidate = step.page_in(hand);
      const std::uint32_t heat = heats.of(candidate, step.step());
      if (heat >= limit || !step.may_leave(candidate)) continue;
      coldest = candidate;
      limit = heat;
    }
    return coldest != none && step.bring_in_for(page, coldest);
  }
};

static_assert(placement_policy<hot_set>);

}  // namespace cmm::kv
