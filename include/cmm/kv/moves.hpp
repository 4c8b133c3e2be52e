#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "placing.hpp"
#include "plan.hpp"

namespace cmm::kv::detail {

/// Carries out the trades of a step in the tables, and says what must be copied for them.
class moves {
 public:
  /// Room for every slot of HBM at once, so that no step allocates.
  explicit moves(std::int32_t fast) {
    for (auto* list : {&up_, &down_, &swap_}) list->reserve(at(fast));
    moved_.reserve(3 * at(fast));
  }

  [[nodiscard]] kv::plan plan(std::uint64_t number) const noexcept {
    return {.up = up_, .down = down_, .swap = swap_, .step = number};
  }
  /// The pages that have another slot now.
  [[nodiscard]] std::span<const std::int32_t> moved() const noexcept { return moved_; }

  void clear() noexcept {
    for (auto* list : {&up_, &down_, &swap_}) list->clear();
    moved_.clear();
  }

  void carry_out(placed_pages& pages, std::span<trade> trades, bool careful) {
    match(pages, trades);
    for (const trade& each : trades) careful ? copy_both(pages, each) : copy_needed(pages, each);
    forget(pages, trades);
    for (const std::int32_t page : moved_) pages.file(page);
  }

  /// The pages of trades that are not carried out may take part in others.
  static void forget(placed_pages& pages, std::span<const trade> trades) {
    for (const trade& each : trades) {
      pages.set_trade(each.out, none);
      pages.set_trade(each.in, none);
    }
  }

 private:
  /// A page that comes from the very slot that still holds what a leaving page holds trades with that one:
  /// then neither is copied. Which pages leave stays the same.
  static void match(placed_pages& pages, std::span<trade> trades) {
    for (trade& each : trades) {
      for (;;) {
        const std::int32_t owner = pages.copy_in(pages.slot_of(each.in));
        const std::int32_t index = owner == none ? none : pages.of(owner).trade;
        if (index == none || &trades[at(index)] == &each) break;
        std::swap(each.in, trades[at(index)].in);
      }
    }
  }

  void copy_both(placed_pages& pages, const trade& each) {
    swap_.push_back({pages.slot_of(each.out), pages.slot_of(each.in)});
    exchange(pages, each);
    ++pages.counted().pages_up;
    ++pages.counted().pages_down;
  }

  void copy_needed(placed_pages& pages, const trade& each) {
    const slot_pair slots{pages.slot_of(each.out), pages.slot_of(each.in)};
    const bool up = pages.of(each.in).holds;
    const bool down = pages.of(each.out).holds && !goes_home(pages, each);
    pages.counted().pages_up += up;
    pages.counted().pages_down += down;
    pages.counted().avoided += !up + !down;
    if (down) pages.drop_copy(slots.beyond);
    if (pages.slot_of(each.out) == slots.fast) exchange(pages, each);
    if (up && down) return swap_.push_back(slots);
    if (down) return down_.push_back(slots);
    if (!up) return;
    up_.push_back(slots);
    pages.set_home(each.in, slots.beyond);
  }

  /// Moves a clean page to its home, where it is the page of that slot again, and that slot's dead page to
  /// where the other comes from; the other comes in. Says whether that was possible.
  bool goes_home(placed_pages& pages, const trade& each) {
    const std::int32_t fast = pages.slot_of(each.out), from = pages.slot_of(each.in);
    const std::int32_t home = pages.of(each.out).home;
    if (home == none) return false;
    const std::int32_t dead = pages.page_in(home);
    pages.drop_home(each.out);
    if (home != from) move(pages, dead, from);  // it holds nothing, or it would not be there
    move(pages, each.out, home);
    move(pages, each.in, fast);
    return true;
  }

  void exchange(placed_pages& pages, const trade& each) {
    const std::int32_t fast = pages.slot_of(each.out), beyond = pages.slot_of(each.in);
    move(pages, each.out, beyond);
    move(pages, each.in, fast);
  }

  void move(placed_pages& pages, std::int32_t page, std::int32_t slot) {
    pages.move(page, slot);
    moved_.push_back(page);
  }

  std::vector<slot_pair> up_;
  std::vector<slot_pair> down_;
  std::vector<slot_pair> swap_;
  std::vector<std::int32_t> moved_;
};

}  // namespace cmm::kv::detail
