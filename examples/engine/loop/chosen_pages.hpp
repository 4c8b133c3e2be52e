#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "../machine/batch.hpp"
#include "../options/options.hpp"
#include "../options/random.hpp"
#include "conversation.hpp"

namespace engine {

/// Stands in for sparse attention: a decoded token reads only a share of its text's pages, four fifths of
/// them from the hot fifth of the pages, and always the page that it is written to.
class chosen_pages {
 public:
  explicit chosen_pages(const options& how) noexcept
      : reads_{how.reads}, page_{how.page}, sequences_{how.batch}, seed_{how.seed} {}

  void clear() noexcept { choices_.clear(); }

  /// Picks the pages that the last tokens of the batch read, and tells the cache of them.
  template <class Cache>
  void choose(Cache& cache, const conversation& of, batch& into, std::int32_t count) {
    if (reads_ >= 1 || count == 0) return;
    const std::int32_t pages = cache.pages(of.pages);
    if (count > 1 || of.asked == cmm::kv::none) {
      for (std::int32_t page = 0; page < pages; ++page) cache.use(of.pages, page);
      return;
    }
    pick(of, pages);
    for (const std::int32_t page : picked_) cache.use(of.pages, page);
    token& reader = into.tokens.back();
    reader.length -= (pages - static_cast<std::int32_t>(picked_.size())) * page_;
    choices_.push_back({into.tokens.size() - 1, of.pages.row, picked_});
  }

  /// The lists go into rows of the table behind those of the cache.
  template <class Cache>
  void place(const Cache& cache, batch& into, std::span<std::int32_t> table) const {
    const std::int32_t width = cache.tables().width();
    for (const choice& each : choices_) {
      const std::int32_t row = sequences_ + each.row;
      std::int32_t entry = row * width;
      for (const std::int32_t page : each.pages) {
        table[static_cast<std::size_t>(entry++)] = cache.slot_at(cache.tables().entry(each.row, page));
      }
      into.tokens[each.token].row = row;
    }
  }

 private:
  struct choice {
    std::size_t token;
    std::int32_t row;
    std::vector<std::int32_t> pages;
  };

  /// Every fifth page of a text is hot. The last page ends the list, as it may not be full.
  void pick(const conversation& of, std::int32_t pages) {
    const auto fifth = static_cast<std::int32_t>(mixed(seed_, of.index) % 5);
    std::vector<std::int32_t> cold;
    picked_.clear();
    for (std::int32_t page = 0; page < pages - 1; ++page)
      (page % 5 == fifth ? picked_ : cold).push_back(page);
    const auto wanted = static_cast<std::size_t>(std::ceil(reads_ * (pages - 1)));
    const std::size_t from_hot = std::min(picked_.size(), wanted * 4 / 5);
    const auto now = mixed(seed_ + of.index, static_cast<std::uint64_t>(of.computed));
    draw(picked_, from_hot, now);
    draw(cold, std::min(cold.size(), wanted - from_hot), now + 1);
    picked_.insert(picked_.end(), cold.begin(), cold.end());
    picked_.push_back(pages - 1);
  }

  /// Keeps `count` of a list.
  static void draw(std::vector<std::int32_t>& from, std::size_t count, std::uint64_t seed) {
    for (std::size_t i = 0; i < count; ++i) std::swap(from[i], from[i + mixed(seed, i) % (from.size() - i)]);
    from.resize(count);
  }

  double reads_;
  std::int32_t page_;
  std::int32_t sequences_;
  std::uint64_t seed_;
  std::vector<choice> choices_;
  std::vector<std::int32_t> picked_;
};

}  // namespace engine
