#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "changes.hpp"
#include "check_changes.hpp"
#include "counters.hpp"
#include "layout.hpp"
#include "moves.hpp"
#include "placed_pages.hpp"
#include "placement/on_use.hpp"
#include "placing.hpp"
#include "plan.hpp"

namespace cmm::kv {

/// How pages are kept and moved.
struct residency_settings {
  /// So many slots of HBM can be had without a copy once `refill` has been run: oldest idle pages have a copy
  /// beyond.
  std::int32_t reserve = 0;
  /// Content is always copied both ways, whatever is known of it: slow, and what everything else is tested
  /// by.
  bool careful = false;
};

/// Which slot each page of a KV cache lies in. It follows what an engine tells of its pages, and says what
/// must be copied for it; it copies nothing itself.
///
/// Running out of slots in HBM is no error: a page stays beyond and is read there. Threads: one at a time.
/// Streams: a plan is run in the stream of the work of its step, before that. A step costs by the pages named
/// and moved, whatever the number of pages, and allocates nothing.
template <class Policy = on_use>
class residency {
  static_assert(placement_policy<Policy>,
                "cmm: this is no placement policy of KV pages; it needs void place(cmm::kv::placing&), as "
                "cmm::kv::on_use{} has it");

 public:
  /// What the constructor takes.
  using settings = residency_settings;

  /// Pages in their own slots, none of them known to the caller. Throws `bad_request` for a `fast` or a
  /// reserve that there are no slots for.
  residency(const layout& of, std::int32_t fast, Policy policy = {}, settings how = {})
      : residency{of.slots(), fast, of.page_bytes(), std::move(policy), how} {}
  residency(std::int32_t slots, std::int32_t fast, std::size_t page_bytes, Policy policy = {},
            settings how = {})
      : pages_{checked(slots, fast, how), fast},
        check_{slots},
        moves_{fast},
        settings_{how},
        policy_{std::move(policy)} {
    trades_.reserve(detail::at(fast));
    refill_.reserve(detail::at(how.reserve));
    pages_.counted().page_bytes = page_bytes;
    if constexpr (requires { policy_.prepare(slots, fast); }) policy_.prepare(slots, fast);
  }

  /// The pages are the caller's from now on and hold nothing, so they may be moved. Page 0 stays what it is.
  void adopt(std::int32_t first, std::int32_t count) {
    if (first < 0 || count < 0 || first > pages_.size() - count)
      throw bad_request{"pages " + std::to_string(first) + " to " +
                        std::to_string(std::int64_t{first} + count - 1) + " cannot be adopted: there are " +
                        std::to_string(pages_.size()) + " pages"};
    for (std::int32_t page = first; page < first + count; ++page) {
      if (page != 0 && !pages_.of(page).named)
        pages_.change(page, [](detail::page_state& p) { p.named = true; });
    }
  }

  /// Takes note of a step and says what must be copied before its work. The plan is valid until the next
  /// step.
  ///
  /// Throws `bad_request` for a foreign page, a hit of a dead one, or one that is given back too often; then
  /// nothing is changed.
  plan step(const changes& what) {
    check_(pages_, what);
    moves_.clear();
    trades_.clear();
    ++pages_.counted().steps;
    apply(what);
    try {
      placing view{pages_, trades_, what};
      policy_.place(view);
    } catch (...) {
      moves_.forget(pages_, trades_);
      settle(what);
      throw;
    }
    moves_.carry_out(pages_, trades_, settings_.careful);
    settle(what);
    return moves_.plan(++plans_);
  }

  /// Copies of the oldest idle pages to slots of dead ones, so that later steps can take their slots without
  /// a copy; none where fewer than `least` are missing, so that not every step launches a few. It looks at up
  /// to `reserve` pages. Valid until the next one.
  ///
  /// Nobody reads these pages, so it may run beside the work of the last step, in another stream; but after
  /// that step's own plan, and the next step's plan and work must come after it.
  plan refill(std::int32_t least = 1) {
    refill_.clear();
    if (settings_.careful) return {};
    std::int32_t wanted = settings_.reserve - pages_.lists().count(detail::list::dead_fast);
    for (const auto from : {detail::list::idle_fast, detail::list::shared_fast}) {
      std::int32_t page = pages_.lists().oldest(from);
      for (; page != none && wanted > 0; page = pages_.lists().younger(page), --wanted) {
        if (pages_.of(page).home == none) refill_.push_back({pages_.slot_of(page), none});
      }
    }
    const auto room = detail::at(pages_.lists().count(detail::list::dead_beyond));
    const bool enough = refill_.size() >= detail::at(std::clamp(least, 0, settings_.reserve));
    refill_.resize(enough ? std::min(refill_.size(), room) : 0);
    for (slot_pair& each : refill_) {
      each.beyond = pages_.slot_of(pages_.lists().oldest(detail::list::dead_beyond));
      pages_.set_home(pages_.page_in(each.fast), each.beyond);
    }
    pages_.counted().pages_down += refill_.size();
    pages_.counted().refilled += refill_.size();
    return {.down = refill_, .step = ++plans_};
  }

  /// Where a page is, which page a slot holds, and whether a page is in HBM; `bad_request` for one that is
  /// not there.
  [[nodiscard]] std::int32_t slot_of(std::int32_t page) const { return pages_.slot_of(checked(page)); }
  [[nodiscard]] std::int32_t page_in(std::int32_t slot) const { return pages_.page_in(checked(slot)); }
  [[nodiscard]] bool is_fast(std::int32_t page) const { return pages_.is_fast(checked(page)); }
  /// The slot of each page, for a table that is copied to the device.
  [[nodiscard]] std::span<const std::int32_t> slots() const noexcept { return pages_.slots(); }
  /// The pages that the last step gave another slot, each once.
  [[nodiscard]] std::span<const std::int32_t> moved() const noexcept { return moves_.moved(); }
  [[nodiscard]] std::int32_t size() const noexcept { return pages_.size(); }
  [[nodiscard]] std::int32_t fast() const noexcept { return pages_.fast(); }
  [[nodiscard]] std::int32_t readers(std::int32_t page) const { return pages_.of(checked(page)).readers; }
  [[nodiscard]] const kv::counters& counters() const noexcept { return pages_.counted(); }
  [[nodiscard]] Policy& policy() noexcept { return policy_; }

 private:
  static std::int32_t checked(std::int32_t slots, std::int32_t fast, const settings& how) {
    if (slots < 1 || fast < 0 || fast > slots)
      throw bad_request{"of " + std::to_string(slots) + " slots " + std::to_string(fast) +
                        " cannot lie in HBM; give at least one slot, and a number from 0 to all of them"};
    if (how.reserve < 0 || how.reserve > fast)
      throw bad_request{"a reserve of " + std::to_string(how.reserve) + " slots cannot be kept in " +
                        std::to_string(fast) + " slots of HBM; give a number from 0 to that"};
    return slots;
  }
  [[nodiscard]] std::int32_t checked(std::int32_t page) const {
    if (page < 0 || page >= pages_.size()) [[unlikely]]
      throw bad_request{"there is no page or slot " + std::to_string(page) + "; give a number from 0 to " +
                        std::to_string(pages_.size() - 1)};
    return page;
  }

  template <class Change>
  void each(std::span<const std::int32_t> list, Change&& how) {
    for (const std::int32_t page : list) {
      if (page != 0) pages_.change(page, how);
    }
  }

  void apply(const changes& what) {
    const auto step = pages_.counted().steps;
    each(what.idle, [](detail::page_state& p) { --p.readers; });
    each(what.dead, [](detail::page_state& p) {
      if (--p.readers == 0) die(p);
    });
    each(what.dropped, [](detail::page_state& p) {
      die(p);
      p.named = true;
    });
    each(what.fresh, [step](detail::page_state& p) {
      die(p);
      enter(p, step);
    });
    each(what.hits, [step](detail::page_state& p) {
      p.shared = p.shared || p.named;
      p.holds = p.holds || !p.named;  // a page that is fresh in this step holds nothing yet
      enter(p, step);
    });
    for (const auto list : {what.dead, what.dropped, what.fresh}) {
      for (const std::int32_t page : list) {
        if (!pages_.of(page).holds) pages_.drop_home(page);
      }
    }
  }
  static void die(detail::page_state& p) noexcept { p.holds = p.shared = p.pinned = false; }
  static void enter(detail::page_state& p, std::uint64_t step) noexcept {
    p.named = true;
    if (p.readers++ == 0) p.entered = step;
  }

  /// After the moves: what the work of this step writes is content from now on, and is in no other place.
  void settle(const changes& what) {
    for (const std::int32_t page : what.fresh) {
      if (page == 0) continue;
      if (!pages_.is_fast(page)) pages_.drop_copy(pages_.slot_of(page));
      pages_.fill(page);
    }
    for (const std::int32_t page : what.written) pages_.drop_home(page);
    count_reads(what);
  }

  void count_reads(const changes& what) noexcept {
    kv::counters& c = pages_.counted();
    std::uint64_t read = static_cast<std::uint64_t>(c.live), remote = static_cast<std::uint64_t>(c.remote);
    if (!what.used.empty()) {
      read = what.used.size();
      remote = 0;
      for (const std::int32_t page : what.used) remote += !pages_.is_fast(page);
    }
    c.read += read;
    c.read_remote += remote;
    c.remote_share = read == 0 ? 0 : static_cast<double>(remote) / static_cast<double>(read);
  }

  detail::placed_pages pages_;
  detail::check_changes check_;
  detail::moves moves_;
  std::vector<detail::trade> trades_;
  std::vector<slot_pair> refill_;
  settings settings_;
  std::uint64_t plans_ = 0;
  Policy policy_;
};

}  // namespace cmm::kv
