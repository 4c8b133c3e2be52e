#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "requirements.hpp"

namespace cmm::detail {

/// How long a GPU waited for a page, in cycles: for its first word, and the least for any of its words.
struct page_wait {
  std::uint32_t first = 0;
  std::uint32_t least = 0;

  /// Only a fault takes as long: 45,000 cycles and more were seen, and up to 4,000 for a remote read.
  [[nodiscard]] bool faulted() const noexcept { return first > 30'000; }

  /// Slower than the GPU's own memory, whose slowest page took `own` cycles. 270-420 were seen of pages in
  /// HBM and 1,870 and more of pages across PCIe.
  [[nodiscard]] bool remote(std::uint32_t own) const noexcept { return !faulted() && least > own + own / 2; }
};

/// One wait for each of `pages`. Pages that seem remote are asked again, at other words: traffic can make a
/// page of the GPU answer late, nothing makes a remote one answer early, so one quick answer settles it.
/// `ask` takes addresses and gives their waits, in order.
std::vector<page_wait> settled_waits(const std::vector<std::uint64_t>& pages, std::uint32_t own, auto&& ask) {
  constexpr unsigned more_rounds = 4;
  constexpr std::uint64_t cache_line = 128;
  std::vector<page_wait> waits = ask(pages);
  std::vector<std::size_t> doubtful;
  std::vector<std::uint64_t> words;
  for (unsigned round = 1; round <= more_rounds; ++round) {
    doubtful.clear();
    words.clear();
    for (std::size_t i = 0; i < pages.size(); ++i) {
      if (!waits[i].remote(own)) continue;
      doubtful.push_back(i);
      words.push_back(pages[i] + round * cache_line);
    }
    if (doubtful.empty()) break;
    const std::vector<page_wait> again = ask(words);
    for (std::size_t i = 0; i < doubtful.size(); ++i) {
      page_wait& known = waits[doubtful[i]];
      known.least = std::min(known.least, again[i].least);
    }
  }
  return waits;
}

}  // namespace cmm::detail
