#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "../sequence_tables.hpp"
#include "table_updates.hpp"

namespace cmm::kv {

/// FlashInfer's arrays of a batch in the caller's buffers: `indices` of slots one sequence after another,
/// `indptr` where each begins and the last ends, and `last_page_len`, the tokens in each last page.
///
/// A step costs by the sequences of the batch and by the entries that change. Where a sequence's number of
/// pages changes, those of all behind it stand elsewhere, which is the format's: they are copied as bytes.
class paged_batch {
 public:
  paged_batch(std::span<std::int32_t> indices, std::span<std::int32_t> indptr,
              std::span<std::int32_t> last_page_len)
      : indices_{indices}, indptr_{indptr}, last_page_len_{last_page_len} {}

  /// After each step, for the sequences of the batch in this order. Throws `bad_request` for a buffer that is
  /// too small and for a sequence that was freed.
  template <class Cache>
  void update(const Cache& cache, std::span<const sequence> batch) {
    const auto& tables = cache.tables();
    check(tables, batch);
    if (!updates_.is_of(cache)) batch_.clear();  // the rows of another one may not be here
    position_.resize(detail::at(tables.rows()), none);
    slots_.resize(detail::at(detail::table_updates::entries_of(cache)));
    for (const sequence& each : batch_) position_[detail::at(each.row)] = none;
    const std::size_t same = alike(tables, batch);
    for (std::size_t i = 0; i < same; ++i) position_[detail::at(batch[i].row)] = static_cast<std::int32_t>(i);
    updates_.update(cache, [&](std::int32_t entry) {
      const std::int32_t row = entry / tables.width(), column = entry % tables.width();
      const std::int32_t at = position_[detail::at(row)], slot = cache.slot_at(entry);
      slots_[detail::at(entry)] = slot;
      if (at != none && column < tables.length(row))
        indices_[detail::at(indptr_[detail::at(at)] + column)] = slot;
    });
    for (std::size_t i = same; i < batch.size(); ++i) write(tables, i, batch[i].row);
    if (batch.empty()) indptr_[0] = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) last_page_len_[i] = last_len(cache, batch[i].row);
    batch_.assign(batch.begin(), batch.end());
  }

 private:
  void check(const detail::sequence_tables& tables, std::span<const sequence> batch) const {
    std::size_t pages = 0;
    for (const sequence& each : batch) pages += detail::at(tables.length(tables.row_of(each)));
    detail::check_room(indices_.size(), pages, "indices");
    detail::check_room(indptr_.size(), batch.size() + 1, "indptr");
    detail::check_room(last_page_len_.size(), batch.size(), "last_page_len");
  }

  /// How many sequences at the begin are those of the last update, with as many pages.
  std::size_t alike(const detail::sequence_tables& tables, std::span<const sequence> batch) const {
    std::size_t same = 0;
    for (; same < std::min(batch.size(), batch_.size()) && batch[same] == batch_[same]; ++same) {
      if (tables.length(batch[same].row) != indptr_[same + 1] - indptr_[same]) break;
    }
    return same;
  }

  void write(const detail::sequence_tables& tables, std::size_t i, std::int32_t row) {
    if (i == 0) indptr_[0] = 0;
    const auto slots =
        std::span{slots_}.subspan(detail::at(tables.entry(row, 0)), detail::at(tables.length(row)));
    std::ranges::copy(slots, indices_.begin() + indptr_[i]);
    indptr_[i + 1] = indptr_[i] + tables.length(row);
  }

  template <class Cache>
  static std::int32_t last_len(const Cache& cache, std::int32_t row) {
    const std::int64_t tokens = cache.tables().tokens(row);
    const std::int64_t in_page = cache.how().tokens;
    return tokens == 0 ? 0 : static_cast<std::int32_t>((tokens - 1) % in_page + 1);
  }

  std::span<std::int32_t> indices_;
  std::span<std::int32_t> indptr_;
  std::span<std::int32_t> last_page_len_;
  std::vector<sequence> batch_;
  std::vector<std::int32_t> position_;
  std::vector<std::int32_t> slots_;  ///< of all entries of the table
  detail::table_updates updates_;
};

}  // namespace cmm::kv
