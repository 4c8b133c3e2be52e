#pragma once

#include <concepts>
#include <cstdint>
#include <vector>

#include "changes.hpp"
#include "placed_pages.hpp"

namespace cmm::kv {
namespace detail {

/// Two pages that change memories in a step.
struct trade {
  std::int32_t out;
  std::int32_t in;
};

}  // namespace detail

/// What a placement policy sees of a step, and what it can do: say which pages change memories.
///
/// What it says is done at the end of the step in one plan; `is_fast` knows it at once. A page takes part in
/// one trade of a step at most.
class placing {
 public:
  placing(detail::placed_pages& pages, std::vector<detail::trade>& trades, const kv::changes& what) noexcept
      : pages_{pages}, trades_{trades}, changes_{what} {}

  /// What the engine told.
  [[nodiscard]] const kv::changes& changes() const noexcept { return changes_; }
  [[nodiscard]] std::uint64_t step() const noexcept { return pages_.counted().steps; }
  [[nodiscard]] std::int32_t pages() const noexcept { return pages_.size(); }
  /// How many slots lie in HBM.
  [[nodiscard]] std::int32_t fast() const noexcept { return pages_.fast(); }
  [[nodiscard]] std::int32_t page_in(std::int32_t slot) const noexcept { return pages_.page_in(slot); }

  /// Whether the page will be in HBM.
  [[nodiscard]] bool is_fast(std::int32_t page) const noexcept {
    return pages_.is_fast(page) == (pages_.of(page).trade == none);
  }
  [[nodiscard]] bool is_live(std::int32_t page) const noexcept { return pages_.of(page).readers != 0; }
  /// Whether the page became live in this step, so that no table holds its slot yet.
  [[nodiscard]] bool is_entering(std::int32_t page) const noexcept {
    return is_live(page) && pages_.of(page).entered == step();
  }
  /// Whether several sequences have read what it holds.
  [[nodiscard]] bool is_shared(std::int32_t page) const noexcept { return pages_.of(page).shared; }
  [[nodiscard]] bool is_pinned(std::int32_t page) const noexcept { return pages_.of(page).pinned; }

  /// Pages that stay in HBM, as `pinned` has them.
  [[nodiscard]] std::int32_t pinned() const noexcept { return pages_.pinned(); }
  /// Whether it lies in HBM and can be sent out in this step.
  [[nodiscard]] bool may_leave(std::int32_t page) const noexcept {
    return can_trade(page) && pages_.is_fast(page) && !is_pinned(page);
  }

  /// Brings a page to HBM: a dead page leaves for it, else the idle one that was idle longest and not
  /// shared, else a shared one. Says whether the page will be in HBM.
  bool bring_in(std::int32_t page) {
    if (!can_trade(page) || is_fast(page)) return is_fast(page);
    for (const auto from : {detail::list::dead_fast, detail::list::idle_fast, detail::list::shared_fast}) {
      const std::int32_t leaving = pages_.lists().oldest(from);
      if (leaving != none) return agree({leaving, page});
    }
    return false;
  }

  /// Brings a live page to HBM in exchange for a page that is not pinned, live or not. Says whether it will
  /// be.
  bool bring_in_for(std::int32_t page, std::int32_t leaving) {
    if (!can_trade(page) || is_fast(page) || !may_leave(leaving)) return false;
    return agree({leaving, page});
  }

  /// Sends a page out of HBM to the slot of a dead page. Says whether there is one.
  bool put_out(std::int32_t page) {
    const std::int32_t dead = pages_.lists().oldest(detail::list::dead_beyond);
    if (dead == none || !may_leave(page)) return false;
    return agree({page, dead});
  }

  /// A page that will be in HBM stays there, also while idle, until its content is dead. Says whether it
  /// will.
  bool pin(std::int32_t page) {
    if (!pages_.of(page).named || !is_fast(page) || pages_.is_dead(page)) return false;
    pages_.change(page, [](detail::page_state& p) { p.pinned = true; });
    return true;
  }

 private:
  [[nodiscard]] bool can_trade(std::int32_t page) const noexcept {
    const detail::page_state& p = pages_.of(page);
    return p.named && p.trade == none;
  }

  bool agree(detail::trade what) {
    const auto index = static_cast<std::int32_t>(trades_.size());
    trades_.push_back(what);
    pages_.set_trade(what.out, index);
    pages_.set_trade(what.in, index);
    return true;
  }

  detail::placed_pages& pages_;
  std::vector<detail::trade>& trades_;
  const kv::changes& changes_;
};

/// What decides where pages lie: `place` is called once in each step with what the engine told.
template <class P>
concept placement_policy = std::movable<P> && requires(P& policy, placing& step) {
  policy.place(step);
};

}  // namespace cmm::kv
