#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../core/requirements.hpp"

namespace cmm::kv {

/// No page, no slot.
inline constexpr std::int32_t none = -1;

namespace detail {

constexpr std::size_t at(std::int32_t index) noexcept { return static_cast<std::size_t>(index); }

/// Lists in the order in which pages joined, through one array: a page is in one list at most. `List` is an
/// enumeration that begins with `no`, which is no list, and ends with `all`, the number of them.
template <class List>
class page_lists {
 public:
  explicit page_lists(std::int32_t pages) : links_(at(pages)) {}

  [[nodiscard]] List of(std::int32_t page) const noexcept { return links_[at(page)].in; }
  [[nodiscard]] std::int32_t oldest(List l) const noexcept { return ends_[at(l)].oldest; }
  [[nodiscard]] std::int32_t younger(std::int32_t page) const noexcept { return links_[at(page)].younger; }
  [[nodiscard]] std::int32_t count(List l) const noexcept { return ends_[at(l)].count; }

  /// Keeps its place where it is in that list already.
  void put(std::int32_t page, List l) noexcept {
    link& mine = links_[at(page)];
    if (mine.in == l) return;
    if (mine.in != List::no) take_out(mine);
    mine.in = l;
    if (l == List::no) return;
    ends& of_list = ends_[at(l)];
    mine.older = of_list.youngest;
    mine.younger = none;
    (mine.older == none ? of_list.oldest : links_[at(mine.older)].younger) = page;
    of_list.youngest = page;
    ++of_list.count;
  }

 private:
  struct link {
    std::int32_t older = none;
    std::int32_t younger = none;
    List in = List::no;
  };
  struct ends {
    std::int32_t oldest = none;
    std::int32_t youngest = none;
    std::int32_t count = 0;
  };

  static constexpr std::size_t at(List l) noexcept { return static_cast<std::size_t>(l); }
  static constexpr std::size_t at(std::int32_t index) noexcept { return detail::at(index); }

  void take_out(const link& gone) noexcept {
    ends& of_list = ends_[at(gone.in)];
    (gone.older == none ? of_list.oldest : links_[at(gone.older)].younger) = gone.younger;
    (gone.younger == none ? of_list.youngest : links_[at(gone.younger)].older) = gone.older;
    --of_list.count;
  }

  std::vector<link> links_;
  std::array<ends, static_cast<std::size_t>(List::all)> ends_{};
};

}  // namespace detail
}  // namespace cmm::kv
