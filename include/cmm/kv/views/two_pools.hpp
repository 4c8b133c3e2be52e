#pragma once

#include <cstdint>
#include <span>

#include "table_updates.hpp"

namespace cmm::kv {

/// TensorRT-LLM's index of a plane of a page: that in the pool of HBM, or with the highest bit set that in
/// the pool of the host, whose first slot is `fast`. A pool counts planes of all layers, page by page, as
/// `layout::one_place` puts them.
struct two_pools {
  std::int32_t fast = 0;  ///< slots in HBM
  std::int32_t layers = 1;
  std::int32_t planes = 2;

  static constexpr std::uint32_t host = 0x80000000U;

  /// Of a plane of the first layer, which TensorRT-LLM's tables hold.
  [[nodiscard]] constexpr std::int32_t index(std::int32_t slot, std::int32_t plane) const noexcept {
    const bool beyond = slot >= fast;
    const std::int32_t in_pool = (slot - (beyond ? fast : 0)) * layers * planes + plane;
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(in_pool) | (beyond ? host : 0U));
  }
};

/// TensorRT-LLM's table, `[sequences, planes, pages_per_sequence]` in the caller's buffer; entries without a
/// page are those of slot 0.
class two_pool_table {
 public:
  two_pool_table(std::span<std::int32_t> out, two_pools of) noexcept : out_{out}, of_{of} {}

  /// After each step. Throws `bad_request` for a buffer that is too small, or pools too large for the index.
  template <class Cache>
  void update(const Cache& cache) {
    const std::int32_t width = cache.tables().width();
    const std::size_t entries = detail::at(detail::table_updates::entries_of(cache));
    detail::check_room(out_.size(), entries * detail::at(of_.planes), "a table of two pools");
    if (std::int64_t{cache.residency().size()} * of_.layers * of_.planes >= std::int64_t{two_pools::host})
      throw bad_request{"pages times layers times planes exceed the 31 bits of an index; make pages larger"};
    updates_.update(cache, [&](std::int32_t entry) {
      const std::int32_t row = entry / width, column = entry % width, slot = cache.slot_at(entry);
      for (std::int32_t plane = 0; plane < of_.planes; ++plane)
        out_[detail::at(row * of_.planes + plane) * detail::at(width) + detail::at(column)] =
            of_.index(slot, plane);
    });
  }

 private:
  std::span<std::int32_t> out_;
  two_pools of_;
  detail::table_updates updates_;
};

}  // namespace cmm::kv
