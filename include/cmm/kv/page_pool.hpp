#pragma once

#include <cstdint>
#include <vector>

#include "../core/requirements.hpp"
#include "changes.hpp"
#include "page_index.hpp"
#include "page_lists.hpp"

namespace cmm::kv::detail {

/// Which pages are in use, by how many, and which idle ones can be found again by a key; and what a step must
/// tell a residency of it, whatever happened to a page between two steps. Page 0 is never handed out.
class page_pool {
 public:
  explicit page_pool(std::int32_t pages) : states_(at(pages)), lists_{pages}, index_{pages} {
    for (std::int32_t page = 1; page < pages; ++page) lists_.put(page, list::free);
    touched_.reserve(at(pages));
  }

  /// How many pages can be taken.
  [[nodiscard]] std::int32_t available() const noexcept {
    return lists_.count(list::free) + lists_.count(list::idle);
  }
  [[nodiscard]] std::int32_t references(std::int32_t page) const noexcept {
    return states_[at(page)].references;
  }
  [[nodiscard]] bool is_idle(std::int32_t page) const noexcept { return lists_.of(page) == list::idle; }
  [[nodiscard]] std::int32_t find(std::uint64_t key) const noexcept { return index_.find(key); }

  /// A page of one reference, which holds nothing; the page idle longest where none is free. There must be
  /// one.
  std::int32_t take() {
    std::int32_t page = lists_.oldest(list::free);
    if (page == none) page = lists_.oldest(list::idle);
    state& p = touch(page);
    forget(p);
    p.references = 1;
    p.reborn = true;
    lists_.put(page, list::no);
    return page;
  }
  void share(std::int32_t page) {
    ++touch(page).references;
    lists_.put(page, list::no);
  }
  void give(std::int32_t page) {
    state& p = touch(page);
    if (--p.references != 0) return;
    lists_.put(page, p.keyed ? list::idle : list::free);
  }
  void write(std::int32_t page) {
    state& p = touch(page);
    p.written = true;
    forget(p);  // what its key stands for is overwritten
  }
  void use(std::int32_t page) { used_.push_back(page); }

  /// After the next step, in which it is filled, the page is found by the key.
  void name(std::int32_t page, std::uint64_t key) {
    state& p = states_[at(page)];
    if (p.keyed || p.waits) return;
    p.key = key;
    p.waits = true;
    waiting_.push_back(page);
  }

  /// Idle pages cannot be found any longer.
  void forget_idle() {
    for (std::int32_t page = lists_.oldest(list::idle); page != none; page = lists_.oldest(list::idle)) {
      forget(touch(page));
      lists_.put(page, list::free);
    }
  }

  /// What has changed since the last step.
  changes tell() {
    for (auto* each : {&idle_, &dead_, &dropped_, &fresh_, &hits_, &written_}) each->clear();
    for (const std::int32_t page : touched_) tell(page, states_[at(page)]);
    std::erase_if(used_, [this](std::int32_t page) { return references(page) == 0; });
    return {.idle = idle_,
            .dead = dead_,
            .dropped = dropped_,
            .fresh = fresh_,
            .hits = hits_,
            .written = written_,
            .used = used_};
  }

  /// The step was told. A page whose key waits gets it where the work of the step fills it: some reader that
  /// is to write it has all of its tokens.
  template <class IsFilled>
  void settle(IsFilled&& is_filled) {
    for (const std::int32_t page : touched_) {
      state& p = states_[at(page)];
      p.known = p.references;
      p.holds = p.references != 0 || p.keyed;
      p.reborn = p.written = p.touched = false;
    }
    for (const std::int32_t page : waiting_) {
      state& p = states_[at(page)];
      if (!p.waits) continue;
      p.waits = false;
      // The first page of a content keeps its key.
      p.keyed = is_filled(page) && index_.find(p.key) == none;
      if (p.keyed) index_.add(p.key, page);
    }
    touched_.clear();
    waiting_.clear();
    used_.clear();
  }

 private:
  enum class list : std::uint8_t { no, free, idle, all };

  struct state {
    std::int32_t references = 0;
    std::int32_t known = 0;  ///< references when the last step was told
    std::uint64_t key = 0;
    bool keyed = false;
    bool waits = false;  ///< for the step after which it has its key
    bool holds = false;  ///< so the residency thinks
    bool reborn = false;
    bool written = false;
    bool touched = false;
  };

  state& touch(std::int32_t page) {
    state& p = states_[at(page)];
    if (!p.touched) touched_.push_back(page);
    p.touched = true;
    return p;
  }
  void forget(state& p) noexcept {
    if (p.keyed) index_.remove(p.key);
    p.keyed = p.waits = false;
  }

  void tell(std::int32_t page, const state& p) {
    const auto times = [page](std::vector<std::int32_t>& told, std::int32_t count) {
      told.insert(told.end(), static_cast<std::size_t>(count), page);
    };
    if (p.reborn) {
      times(dead_, p.known);
      if (p.references == 0 && p.known == 0 && p.holds) dropped_.push_back(page);
      if (p.references == 0) return;
      fresh_.push_back(page);
      return times(hits_, p.references - 1);
    }
    if (p.references > p.known) times(hits_, p.references - p.known);
    if (p.references < p.known) times(p.references != 0 || p.keyed ? idle_ : dead_, p.known - p.references);
    if (p.references == 0 && p.known == 0 && p.holds && !p.keyed) dropped_.push_back(page);
    if (p.references != 0 && p.written) written_.push_back(page);
  }

  std::vector<state> states_;
  page_lists<list> lists_;
  page_index index_;
  std::vector<std::int32_t> touched_, waiting_;
  std::vector<std::int32_t> idle_, dead_, dropped_, fresh_, hits_, written_, used_;
};

}  // namespace cmm::kv::detail
