#pragma once

#include <algorithm>
#include <cmm/cmm.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "../machine/backend.hpp"
#include "../machine/batch.hpp"

namespace engine {

/// What engines do about pages beyond HBM without `cmm::kv`, to be held against it. The pages that a step
/// reads there come to HBM for that step, all of them, and leave after it:
///
/// `fault` lets kernels touch managed memory; `prefetch` asks for the pages of managed memory in a batch;
/// `copy` copies them in a batch of the copy engine to slots of HBM that the others do not have.
template <backend Backend>
class baseline {
 public:
  baseline(Backend& on, const options& how, const page_memory& pages, std::int32_t staging)
      : on_{on},
        pages_{pages},
        hints_{on.api()},
        page_{how.page},
        fast_{how.fast()},
        staging_{staging},
        seen_(static_cast<std::size_t>(how.slots)),
        prefetches_{how.placement == "prefetch"},
        managed_{prefetches_ || how.placement == "fault"} {}

  /// Before the work: its pages come in. Returns the work with the slots where they lie then.
  const batch& come(const batch& work, std::span<std::int32_t> table) {
    if (!managed_ && staging_ == 0) return work;
    find(work, table);
    pages_up_ += slots_.size();
    if (prefetches_) hints_.prefetch(blocks_, cmm::location::device(), on_.stream());
    if (managed_) return work;
    for (std::size_t i = 0; i < slots_.size(); ++i) copy(staged(i), slots_[i]);
    submit();
    return translated(work, table);
  }

  /// After the work: they leave, written ones with what was written.
  void leave(std::span<std::int32_t> table) {
    if (managed_ && !blocks_.empty()) hints_.prefetch(blocks_, cmm::location::host(), on_.stream());
    if (managed_) pages_down_ += slots_.size();
    for (const auto& [entry, slot] : replaced_) table[entry] = slot;
    for (const std::size_t i : written_) copy(slots_[i], staged(i));
    pages_down_ += written_.size();
    submit();
    for (const std::int32_t slot : slots_) seen(slot) = 0;
    slots_.clear();
    blocks_.clear();
    replaced_.clear();
    written_.clear();
  }

  [[nodiscard]] std::uint64_t pages_up() const noexcept { return pages_up_; }
  [[nodiscard]] std::uint64_t pages_down() const noexcept { return pages_down_; }

 private:
  struct entry_before {
    std::size_t entry;
    std::int32_t slot;
  };

  static constexpr std::size_t most_copies = 512;  ///< in a batch, so that they run while others are told

  std::size_t& seen(std::int32_t slot) { return seen_[static_cast<std::size_t>(slot)]; }
  [[nodiscard]] std::int32_t staged(std::size_t index) const {
    return staging_ + static_cast<std::int32_t>(index);
  }
  [[nodiscard]] std::byte* at(std::int32_t slot) const {
    return pages_.base + static_cast<std::size_t>(slot) * pages_.layout->page_bytes();
  }

  void find(const batch& work, std::span<const std::int32_t> table) {
    for (std::size_t i = 0; i < work.tokens.size(); ++i) {
      add(work.tokens[i].slot);
      if (i + 1 < work.tokens.size() && work.tokens[i + 1].row == work.tokens[i].row) continue;
      for (const std::int32_t slot : row_of(work.tokens[i], table)) add(slot);
    }
    for (const drawn_page& each : work.drawn) add(each.slot);
  }
  /// The entries that a token reads; those of an earlier token of the same row are among them.
  template <class Slot>
  std::span<Slot> row_of(const token& of, std::span<Slot> table) const {
    const auto width = static_cast<std::size_t>(pages_.table_width);
    return table.subspan(static_cast<std::size_t>(of.row) * width,
                         static_cast<std::size_t>((of.length + page_ - 1) / page_));
  }
  void add(std::int32_t slot) {
    if (slot < fast_ || seen(slot) != 0) return;
    slots_.push_back(slot);
    seen(slot) = slots_.size();  // one more than its index
    if (managed_) blocks_.push_back({at(slot), pages_.layout->page_bytes(), on_.copier().device()});
  }

  const batch& translated(const batch& work, std::span<std::int32_t> table) {
    work_ = work;
    for (token& each : work_.tokens) {
      for (std::int32_t& slot : row_of(each, table)) {
        const std::int32_t before = slot;
        if (translate(slot)) replaced_.push_back({static_cast<std::size_t>(&slot - table.data()), before});
      }
      write(each.slot);
    }
    for (drawn_page& each : work_.drawn) write(each.slot);
    std::ranges::sort(written_);
    const auto again = std::ranges::unique(written_);
    written_.erase(again.begin(), again.end());
    return work_;
  }
  bool translate(std::int32_t& slot) {
    if (slot < fast_ || slot >= staging_) return false;
    slot = staged(seen(slot) - 1);
    return true;
  }
  void write(std::int32_t& slot) {
    if (translate(slot)) written_.push_back(static_cast<std::size_t>(slot - staging_));
  }

  void copy(std::int32_t to, std::int32_t from) {
    to_.push_back(at(to));
    from_.push_back(at(from));
    bytes_.push_back(pages_.layout->page_bytes());
  }
  void submit() {
    for (std::size_t begin = 0; begin < to_.size(); begin += most_copies) {
      const std::size_t some = std::min(most_copies, to_.size() - begin);
      cmm::detail::check(
          on_.copier().copy({std::span{to_}.subspan(begin, some), std::span{from_}.subspan(begin, some),
                             std::span{bytes_}.subspan(begin, some)},
                            on_.stream()),
          "copying the pages of a step");
    }
    to_.clear();
    from_.clear();
    bytes_.clear();
  }

  Backend& on_;
  page_memory pages_;
  cmm::live_hints<decltype(std::declval<Backend&>().api())> hints_;
  std::int32_t page_;
  std::int32_t fast_;
  std::int32_t staging_;
  std::vector<std::size_t> seen_;
  bool prefetches_;
  bool managed_;
  std::vector<std::int32_t> slots_;
  std::vector<cmm::block> blocks_;
  std::vector<entry_before> replaced_;
  std::vector<std::size_t> written_;
  batch work_;
  std::vector<void*> to_;
  std::vector<const void*> from_;
  std::vector<std::size_t> bytes_;
  std::uint64_t pages_up_ = 0;
  std::uint64_t pages_down_ = 0;
};

}  // namespace engine
