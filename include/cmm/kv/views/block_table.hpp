#pragma once

#include <cstdint>
#include <span>

#include "table_updates.hpp"

namespace cmm::kv {

/// FlashAttention's and vLLM's table, `[sequences, pages_per_sequence]` in the caller's buffer: in the row of
/// each sequence the slots of its pages, and behind them slot 0. A step costs by the entries that change.
class block_table {
 public:
  explicit block_table(std::span<std::int32_t> out) noexcept : out_{out} {}

  /// After each step. Throws `bad_request` for a buffer that is too small.
  template <class Cache>
  void update(const Cache& cache) {
    detail::check_room(out_.size(), detail::at(detail::table_updates::entries_of(cache)), "a block table");
    updates_.update(cache, [&](std::int32_t entry) { out_[detail::at(entry)] = cache.slot_at(entry); });
  }

 private:
  std::span<std::int32_t> out_;
  detail::table_updates updates_;
};

}  // namespace cmm::kv
