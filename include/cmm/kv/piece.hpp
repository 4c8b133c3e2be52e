#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../core/error.hpp"
#include "../core/units.hpp"

namespace cmm::kv {

/// One piece of every page: that of slot `s` is `bytes` bytes at `offset + s * stride` of the range.
struct piece {
  std::size_t offset = 0;
  std::size_t stride = 0;
  std::size_t bytes = 0;

  friend constexpr bool operator==(const piece&, const piece&) noexcept = default;
};

namespace detail {

[[noreturn, gnu::cold]] inline void refuse_layout(const std::string& what) {
  throw bad_request{"this layout of KV pages is refused: " + what};
}

inline std::string text_of(const piece& p) {
  return "the piece of " + std::to_string(p.bytes) + " bytes at offset " + std::to_string(p.offset) +
         " with stride " + std::to_string(p.stride);
}

/// Where the last slot's part of a piece ends.
inline std::size_t end_of(const piece& p, std::int32_t slots) noexcept {
  return p.offset + static_cast<std::size_t>(slots - 1) * p.stride + p.bytes;
}

inline void check_piece(const piece& p, std::int32_t slots) {
  if (p.bytes == 0) refuse_layout(text_of(p) + " is empty; leave it out");
  if ((p.offset | p.stride | p.bytes) % 16 != 0)
    refuse_layout(text_of(p) + " is not made of multiples of 16 bytes, in which pages are moved; pad it");
  if (slots > 1 && p.stride < p.bytes)
    refuse_layout(text_of(p) + " overlaps itself in the next slot; give it a stride of at least its bytes");
  constexpr std::size_t most = no_limit / 2;
  const auto steps = static_cast<std::size_t>(slots - 1);
  if (p.bytes > most || p.offset > most - p.bytes ||
      (steps != 0 && p.stride > (most - p.bytes - p.offset) / steps))
    refuse_layout(text_of(p) + " leaves the address space within " + std::to_string(slots) +
                  " slots; take fewer slots or smaller pages");
}

/// Whether two pieces of the same stride have a byte in common; `a` begins first.
inline bool overlap_in_step(const piece& a, const piece& b, std::size_t slots) noexcept {
  const std::size_t before = (b.offset - a.offset) / a.stride;  // the last slot of `a` that begins before `b`
  const std::size_t gap = b.offset - a.offset - before * a.stride;
  return (before < slots && a.bytes > gap) || (before + 1 < slots && b.bytes > a.stride - gap);
}

/// Whether two pieces have a byte in common in any slots; `a` begins first.
inline bool overlap(const piece& a, const piece& b, std::int32_t slots) noexcept {
  if (end_of(a, slots) <= b.offset) return false;
  const auto count = static_cast<std::size_t>(slots);
  if (a.stride == b.stride && a.stride != 0) return overlap_in_step(a, b, count);
  for (std::size_t i = 0, j = 0; i < count && j < count;) {
    const std::size_t at_a = a.offset + i * a.stride, at_b = b.offset + j * b.stride;
    if (at_a < at_b + b.bytes && at_b < at_a + a.bytes) return true;
    ++(at_a < at_b ? i : j);
  }
  return false;
}

inline void check_overlap(std::vector<piece> pieces, std::int32_t slots) {
  std::sort(pieces.begin(), pieces.end(), [](const piece& a, const piece& b) { return a.offset < b.offset; });
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (overlap(pieces[j], pieces[i], slots))
        refuse_layout(text_of(pieces[j]) + " and " + text_of(pieces[i]) +
                      " overlap; give each byte to one piece");
    }
  }
}

}  // namespace detail
}  // namespace cmm::kv
