#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "counters.hpp"
#include "page_lists.hpp"

namespace cmm::kv::detail {

/// Pages that may leave their slots, by what they hold.
enum class list : std::uint8_t { no, dead_fast, idle_fast, shared_fast, dead_beyond, all };

/// What is known of a page.
struct page_state {
  std::int32_t readers = 0;
  std::int32_t home = none;   ///< of a page in HBM: the slot beyond that still holds the same content
  std::int32_t trade = none;  ///< which trade of this step the page takes part in
  std::uint64_t entered = 0;  ///< the step in which it became live last
  bool named = false;         ///< the caller has told of it, so it may be moved
  bool holds = false;         ///< content that must be kept
  bool shared = false;        ///< several sequences have read this content
  bool pinned = false;        ///< stays in HBM
};

/// Pages and slots, one page for each slot; which pages may leave theirs is kept up to date with every
/// change.
class placed_pages {
 public:
  placed_pages(std::int32_t slots, std::int32_t fast)
      : fast_{fast},
        states_(at(slots)),
        slot_of_(at(slots)),
        page_in_(at(slots)),
        copy_in_(at(slots), none),
        lists_{slots} {
    std::iota(slot_of_.begin(), slot_of_.end(), 0);
    page_in_ = slot_of_;
  }

  [[nodiscard]] std::int32_t size() const noexcept { return static_cast<std::int32_t>(slot_of_.size()); }
  [[nodiscard]] std::int32_t fast() const noexcept { return fast_; }
  [[nodiscard]] const page_state& of(std::int32_t page) const noexcept { return states_[at(page)]; }
  [[nodiscard]] std::int32_t slot_of(std::int32_t page) const noexcept { return slot_of_[at(page)]; }
  [[nodiscard]] std::int32_t page_in(std::int32_t slot) const noexcept { return page_in_[at(slot)]; }
  [[nodiscard]] bool is_fast(std::int32_t page) const noexcept { return slot_of(page) < fast_; }
  [[nodiscard]] std::span<const std::int32_t> slots() const noexcept { return slot_of_; }
  [[nodiscard]] const page_lists<list>& lists() const noexcept { return lists_; }
  [[nodiscard]] const counters& counted() const noexcept { return counters_; }
  [[nodiscard]] counters& counted() noexcept { return counters_; }

  [[nodiscard]] std::int32_t pinned() const noexcept { return pinned_; }

  /// The page in HBM whose content a slot beyond still holds.
  [[nodiscard]] std::int32_t copy_in(std::int32_t slot) const noexcept { return copy_in_[at(slot)]; }
  /// Whether what the slot of the page holds is of no use to the page.
  [[nodiscard]] bool is_dead(std::int32_t page) const noexcept {
    return of(page).named && of(page).readers == 0 && !of(page).holds;
  }

  /// Changes what is known of a page, and with it the counts and its list.
  template <class Change>
  void change(std::int32_t page, Change&& how) {
    count(page, -1);
    how(states_[at(page)]);
    count(page, +1);
    file(page);
  }

  /// A live page holds content from now on, which changes neither the counts nor its list.
  void fill(std::int32_t page) noexcept { states_[at(page)].holds = true; }

  /// In which trade of this step the page takes part; no other one can have it until then.
  void set_trade(std::int32_t page, std::int32_t index) noexcept {
    states_[at(page)].trade = index;
    file(page);
  }

  /// Where a page lies from now on; the caller does the same for the page that lay there.
  void move(std::int32_t page, std::int32_t slot) noexcept {
    count(page, -1);
    slot_of_[at(page)] = slot;
    page_in_[at(slot)] = page;
    count(page, +1);
  }
  /// Its list, after moves.
  void file(std::int32_t page) noexcept { lists_.put(page, list_for(page)); }

  /// Notes that a slot beyond, whose own page is dead, holds what the page holds.
  void set_home(std::int32_t page, std::int32_t slot) noexcept {
    states_[at(page)].home = slot;
    copy_in_[at(slot)] = page;
    file(page_in(slot));
  }
  void drop_home(std::int32_t page) noexcept {
    const std::int32_t home = states_[at(page)].home;
    if (home == none) return;
    states_[at(page)].home = none;
    copy_in_[at(home)] = none;
    file(page_in(home));
  }
  /// Something else is written to the slot.
  void drop_copy(std::int32_t slot) noexcept {
    if (copy_in(slot) != none) drop_home(copy_in(slot));
  }

 private:
  [[nodiscard]] list list_for(std::int32_t page) const noexcept {
    const page_state& p = of(page);
    if (p.readers != 0 || p.pinned || p.trade != none) return list::no;
    if (is_fast(page)) return !p.holds ? list::dead_fast : p.shared ? list::shared_fast : list::idle_fast;
    return p.holds || copy_in(slot_of(page)) != none ? list::no : list::dead_beyond;
  }

  void count(std::int32_t page, std::int32_t by) noexcept {
    const page_state& p = of(page);
    if (p.pinned) pinned_ += by;
    if (p.readers != 0) {
      counters_.live += by;
      if (!is_fast(page)) counters_.remote += by;
    } else if (p.holds) {
      counters_.idle += by;
    }
  }

  std::int32_t fast_;
  std::vector<page_state> states_;
  std::vector<std::int32_t> slot_of_;
  std::vector<std::int32_t> page_in_;
  std::vector<std::int32_t> copy_in_;
  page_lists<list> lists_;
  counters counters_;
  std::int32_t pinned_ = 0;
};

}  // namespace cmm::kv::detail
