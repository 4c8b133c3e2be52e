#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "../core/error.hpp"
#include "page_lists.hpp"

namespace cmm::kv {

/// A sequence of a cache: the row that its pages have in tables, and which sequence of that row it is.
struct sequence {
  std::int32_t row = none;
  std::uint32_t life = 0;

  explicit operator bool() const noexcept { return row != none; }
  friend bool operator==(const sequence&, const sequence&) noexcept = default;
};

namespace detail {

/// The pages of each sequence, as rows of one table, and where each page stands in it.
class sequence_tables {
 public:
  sequence_tables(std::int32_t rows, std::int32_t width, std::int32_t pages)
      : width_{checked(rows, width)},
        rows_(at(rows)),
        entries_(at(rows) * at(width)),
        first_of_(at(pages), none) {
    free_.reserve(at(rows));
    for (std::int32_t row = rows - 1; row >= 0; --row) free_.push_back(row);
  }

  [[nodiscard]] std::int32_t rows() const noexcept { return static_cast<std::int32_t>(rows_.size()); }
  [[nodiscard]] std::int32_t width() const noexcept { return width_; }
  [[nodiscard]] std::int32_t length(std::int32_t row) const noexcept { return rows_[at(row)].pages; }
  [[nodiscard]] std::int32_t page_at(std::int32_t entry) const noexcept { return entries_[at(entry)].page; }
  [[nodiscard]] std::int32_t entry(std::int32_t row, std::int32_t column) const noexcept {
    return row * width_ + column;
  }
  [[nodiscard]] std::int64_t tokens(std::int32_t row) const noexcept { return rows_[at(row)].tokens; }
  void set_tokens(std::int32_t row, std::int64_t tokens) noexcept { rows_[at(row)].tokens = tokens; }

  /// The row of a live sequence. Throws `bad_request` for one that was freed or never was.
  [[nodiscard]] std::int32_t row_of(const sequence& s) const {
    if (!s) [[unlikely]]
      throw bad_request{"there is no such sequence: start and fork give none where all " +
                        std::to_string(rows()) + " rows are taken; ask whether they gave one"};
    if (s.row < 0 || s.row >= rows() || rows_[at(s.row)].life != s.life || s.life % 2 == 0) [[unlikely]]
      throw bad_request{"sequence " + std::to_string(s.row) + " is freed, or of another cache; use what " +
                        "start and fork gave, up to its free"};
    return s.row;
  }

  /// No sequence where all rows are taken.
  [[nodiscard]] sequence open() noexcept {
    if (free_.empty()) return {};
    const std::int32_t row = free_.back();
    free_.pop_back();
    return {row, ++rows_[at(row)].life};
  }
  void close(std::int32_t row) {
    while (length(row) > 0) pop(row);
    rows_[at(row)] = {0, 0, rows_[at(row)].life + 1};
    free_.push_back(row);
  }

  void push(std::int32_t row, std::int32_t page) { put(entry(row, rows_[at(row)].pages++), page); }
  void pop(std::int32_t row) { put(entry(row, --rows_[at(row)].pages), none); }

  void put(std::int32_t where, std::int32_t page) {
    use& mine = entries_[at(where)];
    if (mine.page != none) {
      (mine.before == none ? first_of_[at(mine.page)] : entries_[at(mine.before)].after) = mine.after;
      if (mine.after != none) entries_[at(mine.after)].before = mine.before;
    }
    mine.page = page;
    mine.before = none;
    if (page != none) {
      mine.after = first_of_[at(page)];
      if (mine.after != none) entries_[at(mine.after)].before = where;
      first_of_[at(page)] = where;
    }
    change(where);
  }

  /// Whether a sequence has all tokens of the page: others that share it may have been shortened.
  [[nodiscard]] bool is_filled(std::int32_t page, std::int32_t page_tokens) const noexcept {
    for (std::int32_t e = first_of_[at(page)]; e != none; e = entries_[at(e)].after) {
      if (tokens(e / width_) / page_tokens > e % width_) return true;
    }
    return false;
  }

  /// The page has another slot.
  void moved(std::int32_t page) {
    for (std::int32_t e = first_of_[at(page)]; e != none; e = entries_[at(e)].after) change(e);
  }

  /// Entries that have changed since the last `publish`, each once.
  void publish() noexcept {
    published_.swap(changed_);
    changed_.clear();
    for (const std::int32_t each : published_) entries_[at(each)].changed = false;
  }
  [[nodiscard]] std::span<const std::int32_t> published() const noexcept { return published_; }

 private:
  struct row_state {
    std::int32_t pages = 0;
    std::int64_t tokens = 0;
    std::uint32_t life = 0;  ///< odd while it is a sequence's
  };
  /// An entry, and its neighbours among those of the same page.
  struct use {
    std::int32_t page = none;
    std::int32_t before = none;
    std::int32_t after = none;
    bool changed = false;
  };

  static std::int32_t checked(std::int32_t rows, std::int32_t width) {
    if (rows < 1 || width < 1 || std::int64_t{rows} * width > std::numeric_limits<std::int32_t>::max())
      throw bad_request{"a table of " + std::to_string(rows) + " sequences of at most " +
                        std::to_string(width) +
                        " pages has no entry, or more than int32 counts; give at "
                        "least one of each, and a product below 2^31"};
    return width;
  }

  void change(std::int32_t where) {
    if (!entries_[at(where)].changed) changed_.push_back(where);
    entries_[at(where)].changed = true;
  }

  std::int32_t width_;
  std::vector<row_state> rows_;
  std::vector<use> entries_;
  std::vector<std::int32_t> first_of_;
  std::vector<std::int32_t> free_;
  std::vector<std::int32_t> changed_, published_;
};

}  // namespace detail
}  // namespace cmm::kv
