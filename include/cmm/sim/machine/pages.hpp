#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "memory.hpp"

namespace cmm::sim {

/// The part of one page that a range covers.
struct page_slice {
  std::size_t offset = 0;  ///< into the allocation, of the first byte
  std::size_t bytes = 0;
  std::uint32_t mask = 0;
};

constexpr std::uint32_t granules_of(std::size_t first_byte, std::size_t last_byte) noexcept {
  const auto low = static_cast<unsigned>(first_byte / granule_bytes);
  const auto high = static_cast<unsigned>(last_byte / granule_bytes);
  return (~std::uint32_t{0} >> (granules - 1 - high)) & (~std::uint32_t{0} << low);
}

/// The pages of a block, made when first asked for.
inline std::vector<page>& pages_of(allocation& block) {
  if (!block.pages.empty()) return block.pages;
  block.pages.resize((block.bytes + page_bytes - 1) / page_bytes);
  for (page& p : block.pages) p.valid = ~std::uint32_t{0};
  block.pages.back().valid = granules_of(0, (block.bytes - 1) % page_bytes);
  return block.pages;
}

/// Calls `body(page&, page_slice)` for each page of the range, in order, until it answers false.
template <class Body>
bool each_page(allocation& block, std::size_t offset, std::size_t bytes, Body body) {
  auto& pages = pages_of(block);
  for (const std::size_t end = offset + bytes; offset < end;) {
    const std::size_t within = offset % page_bytes;
    const std::size_t length = std::min(page_bytes - within, end - offset);
    if (!body(pages[offset / page_bytes],
              page_slice{offset, length, granules_of(within, within + length - 1)}))
      return false;
    offset += length;
  }
  return true;
}

/// The granules that come along with a faulting one: the largest power-of-two region around it of which more
/// than 51 % is then resident (the density prefetcher of nvidia-uvm, open-gpu-kernel-modules).
constexpr std::uint32_t density_region(std::uint32_t resident, unsigned granule) noexcept {
  const std::uint32_t with = resident | (std::uint32_t{1} << granule);
  std::uint32_t best = std::uint32_t{1} << granule;
  for (unsigned size = 2; size <= granules; size *= 2) {
    const std::uint32_t region = (~std::uint32_t{0} >> (granules - size)) << (granule / size * size);
    if (static_cast<unsigned>(std::popcount(with & region)) * 100 > 51 * size) best = region;
  }
  return best;
}

}  // namespace cmm::sim
