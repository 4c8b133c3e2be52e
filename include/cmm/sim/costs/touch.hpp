#pragma once

#include <cstddef>
#include <cstdint>

#include "../machine/pages.hpp"

namespace cmm::sim {

/// What a touch does to a page.
enum class access : unsigned char { read, write };

/// One use of memory: `stride` 0 is every byte, else one word at each stride.
struct touch {
  std::size_t offset = 0;
  std::size_t bytes = 0;
  access how = access::read;
  std::size_t stride = 0;

  static constexpr std::size_t dense_below = 4096;
  static constexpr double sector = 32;  // the least a GPU reads, in bytes

  [[nodiscard]] constexpr bool dense() const noexcept { return stride < dense_below; }
  /// How many touched points lie in the part.
  [[nodiscard]] constexpr std::size_t points(const page_slice& part) const noexcept {
    const std::size_t from = part.offset - offset;
    return (from + part.bytes + stride - 1) / stride - (from + stride - 1) / stride;
  }
  /// The bytes that really travel when the part is touched.
  [[nodiscard]] constexpr double moved(const page_slice& part) const noexcept {
    return dense() ? static_cast<double>(part.bytes) : static_cast<double>(points(part)) * sector;
  }
  /// The granules of the part that hold a touched point.
  [[nodiscard]] constexpr std::uint32_t reached(const page_slice& part) const noexcept {
    if (stride <= granule_bytes) return part.mask;
    std::uint32_t mask = 0;
    const std::size_t from = part.offset - offset;
    for (std::size_t at = (from + stride - 1) / stride * stride; at < from + part.bytes; at += stride) {
      mask |= std::uint32_t{1} << ((offset + at) % page_bytes / granule_bytes);
    }
    return mask;
  }
};

}  // namespace cmm::sim
