#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cmm::kv {

/// No page, no slot.
inline constexpr std::int32_t none = -1;

namespace detail {

constexpr std::size_t at(std::int32_t index) noexcept { return static_cast<std::size_t>(index); }

/// Pages that may trade places, by why they may; each list in the order in which its pages joined it.
enum class list : std::uint8_t { no, dead_fast, idle_fast, shared_fast, dead_beyond };

/// Lists through one array: a page is in one of them at most, and joins and leaves at once.
class page_lists {
 public:
  explicit page_lists(std::int32_t pages) : links_(at(pages)) {}

  [[nodiscard]] list of(std::int32_t page) const noexcept { return links_[at(page)].in; }
  [[nodiscard]] std::int32_t oldest(list l) const noexcept { return ends_[at(l)].oldest; }
  [[nodiscard]] std::int32_t younger(std::int32_t page) const noexcept { return links_[at(page)].younger; }
  [[nodiscard]] std::int32_t count(list l) const noexcept { return ends_[at(l)].count; }

  /// Keeps its place where it is in that list already.
  void put(std::int32_t page, list l) noexcept {
    link& mine = links_[at(page)];
    if (mine.in == l) return;
    if (mine.in != list::no) take_out(mine);
    mine.in = l;
    if (l == list::no) return;
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
    list in = list::no;
  };
  struct ends {
    std::int32_t oldest = none;
    std::int32_t youngest = none;
    std::int32_t count = 0;
  };

  static constexpr std::size_t at(list l) noexcept { return static_cast<std::size_t>(l); }
  static constexpr std::size_t at(std::int32_t index) noexcept { return detail::at(index); }

  void take_out(const link& gone) noexcept {
    ends& of_list = ends_[at(gone.in)];
    (gone.older == none ? of_list.oldest : links_[at(gone.older)].younger) = gone.younger;
    (gone.younger == none ? of_list.youngest : links_[at(gone.younger)].older) = gone.older;
    --of_list.count;
  }

  std::vector<link> links_;
  std::array<ends, 5> ends_{};
};

}  // namespace detail
}  // namespace cmm::kv
