#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../core/requirements.hpp"
#include "page_lists.hpp"

namespace cmm::kv::detail {

/// Which page holds the content of a key. Sized once, for one key of each page.
class page_index {
 public:
  explicit page_index(std::int32_t pages) : places_(std::bit_ceil(2 * at(pages) + 2)) {}

  /// `none` without such a page.
  [[nodiscard]] std::int32_t find(std::uint64_t key) const noexcept { return places_[place_of(key)].page; }

  void add(std::uint64_t key, std::int32_t page) noexcept { places_[place_of(key)] = {key, page}; }

  void remove(std::uint64_t key) noexcept {
    std::size_t gap = place_of(key);
    if (places_[gap].page == none) return;
    // What follows moves up where the gap would part it from the place it was meant for.
    for (std::size_t i = next(gap); places_[i].page != none; i = next(i)) {
      if (distance(wanted(places_[i].key), i) < distance(gap, i)) continue;
      places_[gap] = places_[i];
      gap = i;
    }
    places_[gap] = {};
  }

 private:
  struct entry {
    std::uint64_t key = 0;
    std::int32_t page = none;
  };

  [[nodiscard]] std::size_t wanted(std::uint64_t key) const noexcept {
    const std::uint64_t mixed = key * 0x9e3779b97f4a7c15U;
    return static_cast<std::size_t>(mixed ^ (mixed >> 32)) & (places_.size() - 1);
  }
  [[nodiscard]] std::size_t next(std::size_t place) const noexcept {
    return (place + 1) & (places_.size() - 1);
  }
  [[nodiscard]] std::size_t distance(std::size_t from, std::size_t to) const noexcept {
    return (to - from) & (places_.size() - 1);
  }
  [[nodiscard]] std::size_t place_of(std::uint64_t key) const noexcept {
    std::size_t place = wanted(key);
    while (places_[place].page != none && places_[place].key != key) place = next(place);
    return place;
  }

  std::vector<entry> places_;
};

}  // namespace cmm::kv::detail
