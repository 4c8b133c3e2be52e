#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "page_pool.hpp"
#include "residency.hpp"
#include "sequence_tables.hpp"

namespace cmm::kv {

/// The content of one slot is copied to another: a page that several sequences shared and one writes.
struct slot_copy {
  std::int32_t from = 0;
  std::int32_t to = 0;

  friend constexpr bool operator==(const slot_copy&, const slot_copy&) noexcept = default;
};

/// How a cache keeps its pages.
struct cache_settings {
  std::int32_t tokens = 16;               ///< of a page
  std::int32_t sequences = 256;           ///< at once
  std::int32_t pages_per_sequence = 512;  ///< at most
};

/// The KV cache of an engine: sequences of tokens in pages, which they share, and where those pages lie.
///
/// Running out of pages or rows is a value. A sequence that was freed, or is foreign, is a `bad_request`,
/// which changes nothing. Between two steps sequences are started, appended to, forked and freed at will;
/// `step` then says what to copy. Threads: one at a time.
template <class Policy = on_use>
class cache {
 public:
  /// What the constructor takes.
  using settings = cache_settings;

  /// All pages of a layout but page 0, where padding is written. Throws `bad_request`.
  cache(const layout& of, std::int32_t fast, settings how = {}, Policy policy = {},
        residency_settings placing = {})
      : how_{checked(how)},
        residency_{of, fast, std::move(policy), placing},
        pool_{of.slots()},
        tables_{how.sequences, how.pages_per_sequence, of.slots()} {
    residency_.adopt(0, of.slots());
  }
  template <placement_policy P>
  cache(const layout&, std::int32_t, P, auto...) = delete;  // cmm: settings go before the policy

  /// A sequence without tokens. No sequence where `settings::sequences` of them are live.
  [[nodiscard]] sequence start() { return tables_.open(); }

  /// A sequence that begins with the pages found by the first of these keys; `tokens` says how much that is.
  [[nodiscard]] sequence start(std::span<const std::uint64_t> keys) {
    const sequence made = tables_.open();
    if (!made) return made;
    for (const std::uint64_t key : keys) {
      const std::int32_t page = pool_.find(key);
      if (page == none || tables_.length(made.row) == tables_.width()) break;
      pool_.share(page);
      tables_.push(made.row, page);
    }
    tables_.set_tokens(made.row, std::int64_t{tables_.length(made.row)} * how_.tokens);
    return made;
  }

  /// A sequence of the same tokens in the same pages; what either appends is its own, and tokens that no step
  /// has written yet are written in both. No sequence where `settings::sequences` of them are live.
  [[nodiscard]] sequence fork(const sequence& of) {
    const std::int32_t from = tables_.row_of(of);
    const sequence made = tables_.open();
    if (!made) return made;
    for (std::int32_t i = 0; i < tables_.length(from); ++i) {
      const std::int32_t page = tables_.page_at(tables_.entry(from, i));
      pool_.share(page);
      tables_.push(made.row, page);
    }
    tables_.set_tokens(made.row, tables_.tokens(from));
    return made;
  }

  /// Room for more tokens, which the work of the next step writes. False where too few pages are left; then
  /// nothing is changed. Throws `bad_request` for less than no tokens and more than a row of pages holds.
  [[nodiscard]] bool append(const sequence& to, std::int64_t tokens) {
    const std::int32_t row = tables_.row_of(to), had = tables_.length(row);
    const std::int64_t room = std::int64_t{tables_.width()} * how_.tokens;
    if (tokens < 0 || tokens > room - tables_.tokens(row)) [[unlikely]]
      throw bad_request{std::to_string(tokens) + " tokens cannot be appended to a sequence of " +
                        std::to_string(tables_.tokens(row)) + ", which holds up to " + std::to_string(room) +
                        "; give a number from 0 to what is left, or raise pages_per_sequence"};
    if (tokens == 0) return true;
    const std::int64_t now = tables_.tokens(row) + tokens;
    const auto need = static_cast<std::int32_t>((now + how_.tokens - 1) / how_.tokens);
    const bool partial = tables_.tokens(row) % how_.tokens != 0;
    const bool shared = partial && pool_.references(page_of(row, had - 1)) > 1;
    if (need - had + shared > pool_.available()) return false;
    if (shared) {
      own_last(row);
    } else if (partial) {
      pool_.write(page_of(row, had - 1));
    }
    for (std::int32_t i = had; i < need; ++i) tables_.push(row, pool_.take());
    tables_.set_tokens(row, now);
    return true;
  }

  /// The first tokens stay and the others are taken back, as those of a draft that was rejected: pages behind
  /// them are given back as by `free`. A last page that is full no longer loses its key once more is
  /// appended. Throws `bad_request` for less than no tokens and more than the sequence has.
  void shorten(const sequence& of, std::int64_t tokens) {
    const std::int32_t row = tables_.row_of(of);
    if (tokens < 0 || tokens > tables_.tokens(row)) [[unlikely]]
      throw bad_request{"a sequence of " + std::to_string(tables_.tokens(row)) +
                        " tokens cannot be shortened to " + std::to_string(tokens) +
                        "; give a number from 0 to what it has"};
    const auto keep = static_cast<std::int32_t>((tokens + how_.tokens - 1) / how_.tokens);
    while (tables_.length(row) > keep) {
      pool_.give(page_of(row, tables_.length(row) - 1));
      tables_.pop(row);
    }
    tables_.set_tokens(row, tokens);
  }

  /// After the next step, which writes it, a full page is found by this key, also when nobody reads it any
  /// more, until its room is needed; not where every sequence that had all of it is freed or shortened before
  /// that step. The key stands for all tokens up to the page's end. Throws `bad_request` for a page that is
  /// not full.
  void name(const sequence& of, std::int32_t index, std::uint64_t key) {
    const std::int32_t row = tables_.row_of(of);
    if (index < 0 || index >= tables_.tokens(row) / how_.tokens) [[unlikely]]
      throw bad_request{"page " + std::to_string(index) + " of a sequence of " +
                        std::to_string(tables_.tokens(row)) + " tokens is not full; name it once it is"};
    pool_.name(page_of(row, index), key);
  }

  /// The work of the next step reads this page of a sequence: told where it does not read all of them. Throws
  /// `bad_request` for a page that the sequence does not have.
  void use(const sequence& of, std::int32_t index) {
    const std::int32_t row = tables_.row_of(of);
    check_index(row, index);
    pool_.use(page_of(row, index));
  }

  /// Gives the pages back: those with a key can be found again, of the others the content is dead.
  void free(const sequence& of) {
    const std::int32_t row = tables_.row_of(of);
    for (std::int32_t i = tables_.length(row) - 1; i >= 0; --i) pool_.give(page_of(row, i));
    tables_.close(row);
  }
  /// No idle page is found by its key any longer, as when weights change.
  void forget_idle() { pool_.forget_idle(); }

  /// What must be copied before the work of this step: first the plan, then `copies()` in their order. Valid
  /// until the next step. Where a placement policy throws, no page moves, and the step is one like any other:
  /// `copies()` and its work are still to be run.
  const kv::plan& prepare() {
    const over now{*this};
    plan_ = {};  // of a step that a policy ends by an exception, too
    plan_ = residency_.step(pool_.tell());
    return plan_;
  }
  /// The same, run by a mover in the stream of the work; returns what is left for the engine to copy. Where
  /// the mover throws, `plan()` is still to be run.
  template <class Mover, class Stream>
  [[nodiscard]] std::span<const slot_copy> step(Mover& mover, Stream in) {
    constexpr bool runs = requires { mover.run(plan_, in); };
    static_assert(runs, "cmm: step() takes a mover, which has run(plan, stream), and the stream of the work");
    if constexpr (runs) mover.run(prepare(), in);
    return copies();
  }
  /// Beside the work of a step, in another stream: see `residency::refill`.
  kv::plan refill(std::int32_t least = 1) { return residency_.refill(least); }

  /// What the last step moves, up to the next one.
  [[nodiscard]] const kv::plan& plan() const noexcept { return plan_; }
  /// Pages that were shared and are written in this step: copied before the work, in this order.
  [[nodiscard]] std::span<const slot_copy> copies() const noexcept { return copies_; }

  [[nodiscard]] std::int64_t tokens(const sequence& of) const { return tables_.tokens(tables_.row_of(of)); }
  [[nodiscard]] std::int32_t pages(const sequence& of) const { return tables_.length(tables_.row_of(of)); }
  /// Throws `bad_request` for a page that the sequence does not have, as `use` does.
  [[nodiscard]] std::int32_t page(const sequence& of, std::int32_t index) const {
    const std::int32_t row = tables_.row_of(of);
    check_index(row, index);
    return page_of(row, index);
  }
  /// Pages that can still be handed out, idle ones among them.
  [[nodiscard]] std::int32_t available() const noexcept { return pool_.available(); }
  [[nodiscard]] const settings& how() const noexcept { return how_; }
  [[nodiscard]] const kv::residency<Policy>& residency() const noexcept { return residency_; }
  [[nodiscard]] const kv::counters& counters() const noexcept { return residency_.counters(); }
  /// For views: the table of pages, and which of its entries the last step changed.
  [[nodiscard]] const detail::sequence_tables& tables() const noexcept { return tables_; }
  /// The slot of an entry of the table; that of padding for one without a page.
  [[nodiscard]] std::int32_t slot_at(std::int32_t entry) const noexcept {
    return residency_.slots()[detail::at(std::max(tables_.page_at(entry), 0))];
  }

 private:
  struct page_copy {
    std::int32_t from;
    std::int32_t to;
  };

  /// The end of a step, also of one that a placement policy ended by an exception.
  struct over {
    cache& self;
    ~over() { self.publish(); }
  };

  static settings checked(const settings& how) {
    if (how.tokens < 1)
      throw bad_request{"a page of " + std::to_string(how.tokens) + " tokens is none; give 1 or more"};
    return how;
  }

  void check_index(std::int32_t row, std::int32_t index) const {
    if (index < 0 || index >= tables_.length(row)) [[unlikely]]
      throw bad_request{"a sequence of " + std::to_string(tables_.length(row)) + " pages has no page " +
                        std::to_string(index) + "; count from 0"};
  }

  [[nodiscard]] std::int32_t page_of(std::int32_t row, std::int32_t index) const noexcept {
    return tables_.page_at(tables_.entry(row, index));
  }

  /// Copy on write. The page keeps a reader until it was copied.
  void own_last(std::int32_t row) {
    const std::int32_t where = tables_.entry(row, tables_.length(row) - 1);
    const page_copy copy{tables_.page_at(where), pool_.take()};
    tables_.put(where, copy.to);
    to_copy_.push_back(copy);
  }

  void publish() {
    pool_.settle([this](std::int32_t page) { return tables_.is_filled(page, how_.tokens); });
    copies_.clear();
    for (const page_copy& each : to_copy_) {
      // Freed before the step, it has a slot that may hold the copy of another page.
      if (residency_.readers(each.to) != 0) {
        copies_.push_back(
            {residency_.slots()[detail::at(each.from)], residency_.slots()[detail::at(each.to)]});
      }
      pool_.give(each.from);
    }
    to_copy_.clear();
    for (const std::int32_t page : residency_.moved()) tables_.moved(page);
    tables_.publish();
  }

  settings how_;
  kv::residency<Policy> residency_;
  detail::page_pool pool_;
  detail::sequence_tables tables_;
  kv::plan plan_;
  std::vector<page_copy> to_copy_;
  std::vector<slot_copy> copies_;
};

}  // namespace cmm::kv
