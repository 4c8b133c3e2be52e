#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "../page_lists.hpp"

namespace cmm::kv {

/// How often each page was used lately: a use counts `once`, and what was counted is halved every `half_life`
/// steps.
class heats {
 public:
  static constexpr std::uint32_t once = 256;  ///< what a use counts

  void prepare(std::int32_t pages, std::uint32_t half_life) {
    pages_.assign(detail::at(pages), {});
    half_life_ = std::max(half_life, 1U);
  }

  [[nodiscard]] std::uint32_t of(std::int32_t page, std::uint64_t step) const noexcept {
    const counted& known = pages_[detail::at(page)];
    const std::uint64_t halvings = (step - known.step) / half_life_;
    return halvings < 32 ? known.heat >> halvings : 0;
  }

  /// Counts a use; answers how hot the page is with it.
  std::uint32_t use(std::int32_t page, std::uint64_t step) noexcept {
    counted& known = pages_[detail::at(page)];
    constexpr std::uint32_t hottest = 1U << 30;
    // The time since the last halving counts on, else a page used in every step would never be halved.
    const std::uint64_t halved = step - (step - known.step) % half_life_;
    known = {std::min(of(page, step) + once, hottest), halved};
    return known.heat;
  }

  void forget(std::int32_t page, std::uint64_t step) noexcept { pages_[detail::at(page)] = {0, step}; }

 private:
  struct counted {
    std::uint32_t heat = 0;
    std::uint64_t step = 0;
  };

  std::vector<counted> pages_;
  std::uint64_t half_life_ = 1;
};

}  // namespace cmm::kv
