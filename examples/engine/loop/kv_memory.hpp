#pragma once

#include <algorithm>
#include <cmm/cmm.hpp>
#include <cmm/kv.hpp>
#include <cmm/source/tiered_range.hpp>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <vector>

#include "../machine/backend.hpp"
#include "../options/options.hpp"

namespace engine {

/// The memory of all slots, as the placement wants it: a range of `cmm::kv`; managed memory, whose pages come
/// when they are touched or prefetched; or a range with slots of HBM behind the last one, for copies.
template <backend Backend>
class kv_memory {
 public:
  using api = decltype(std::declval<Backend&>().api());

  kv_memory(Backend& on, const cmm::kv::layout& of, const options& how)
      : managed_{build(cmm::managed{}, on.api())} {
    if (how.placement == "fault" || how.placement == "prefetch") {
      take_managed(on, of, how.fast());
    } else if (how.placement == "copy" && how.fast() < how.slots) {
      take_with_staging(on, of, how);
    } else {
      data_ = range_.emplace(on.api(), of, cmm::kv::range_plan{.fast = how.fast()}).data();
    }
  }
  ~kv_memory() { managed_.deallocate(block_); }
  kv_memory(const kv_memory&) = delete;
  kv_memory& operator=(const kv_memory&) = delete;

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  /// The first slot of HBM behind those of the cache; 0 where there are none.
  [[nodiscard]] std::int32_t staging() const noexcept { return staging_; }

 private:
  void take_managed(Backend& on, const cmm::kv::layout& of, std::int32_t fast) {
    const auto areas = of.areas(fast);
    std::size_t bytes = 0;
    for (const cmm::kv::area& each : areas) bytes += each.bytes;
    block_ = managed_.allocate({.bytes = bytes});
    if (!block_)
      throw std::runtime_error{"there is no room for " + cmm::size_text(bytes) +
                               " of managed memory; give fewer --slots"};
    data_ = static_cast<std::byte*>(block_.data);
    cmm::live_hints<api> hints{on.api()};
    for (const cmm::kv::area& each : areas) {
      const cmm::block part{data_ + each.offset, each.bytes, block_.device};
      const auto where = each.fast ? cmm::location::device() : cmm::location::host();
      if (each.fast) hints.advise(part, cmm::advice::preferred_location, where);
      hints.prefetch(part, where, on.stream());
    }
  }

  /// The areas of the slots, then as many slots of HBM as lie beyond it.
  void take_with_staging(Backend& on, const cmm::kv::layout& of, const options& how) {
    std::vector<cmm::memory_area> areas;
    std::size_t end = 0;
    for (const cmm::kv::area& each : of.areas(how.fast())) {
      areas.push_back(
          {each.offset, each.bytes, each.fast ? cmm::location::device() : cmm::location::nearest_numa()});
      end = each.offset + each.bytes;
    }
    const std::size_t page = of.page_bytes(), whole = std::size_t{2} << 20;
    const std::size_t first = (end + page - 1) / page;
    const std::size_t last = (first + static_cast<std::size_t>(how.slots - how.fast())) * page;
    areas.push_back({end, (last - end + whole - 1) / whole * whole, cmm::location::device()});
    data_ = tiered_.emplace(on.api(), std::move(areas)).data();
    staging_ = static_cast<std::int32_t>(first);
  }

  decltype(build(cmm::managed{}, std::declval<api>())) managed_;
  cmm::block block_{};
  std::optional<cmm::kv::range<api>> range_;
  std::optional<cmm::tiered_range<api>> tiered_;
  std::byte* data_ = nullptr;
  std::int32_t staging_ = 0;
};

}  // namespace engine
