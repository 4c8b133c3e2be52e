#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "../core/requirements.hpp"

namespace cmm::detail {

struct stream_cache;

/// What one allocation of the upstream became: a row of chunks.
struct segment;

/// Live: handed out. Free: in the cache of its home stream. Parked: freed, but a graph or a stream that could
/// not be told may still use it.
enum class chunk_state : unsigned char { live, free, parked };

/// A piece of a segment. Neighbours in address order meet to merge, free ones hang in a size class.
struct chunk {
  std::byte* data = nullptr;
  std::size_t bytes = 0;
  segment* owner = nullptr;
  chunk* before = nullptr;
  chunk* after = nullptr;
  chunk* previous = nullptr;
  chunk* next = nullptr;
  stream_cache* home = nullptr;  ///< the stream that freed it; none while live
  std::uint64_t capture = 0;     ///< the graph capture it belongs to, 0 for none
  chunk_state state = chunk_state::live;
};

/// Free chunks by size: eight classes for each power of two, found by a bitmap in constant time.
class size_classes {
 public:
  static constexpr std::size_t granule = 512;

  void insert(chunk& c) noexcept {
    const std::size_t index = index_of(c.bytes);
    c.previous = nullptr;
    c.next = heads_[index];
    if (c.next != nullptr) c.next->previous = &c;
    heads_[index] = &c;
    filled_[index / 64] |= bit(index);
  }

  void remove(chunk& c) noexcept {
    const std::size_t index = index_of(c.bytes);
    if (c.next != nullptr) c.next->previous = c.previous;
    if (c.previous != nullptr) {
      c.previous->next = c.next;
    } else {
      heads_[index] = c.next;
      if (c.next == nullptr) filled_[index / 64] &= ~bit(index);
    }
  }

  /// A chunk of at least `bytes`: from the same class when one of its first few fits, else from the next one.
  [[nodiscard]] chunk* find(std::size_t bytes) const noexcept {
    constexpr int looks = 8;  // chunks of one class differ by an eighth at most, so a short look is enough
    const std::size_t index = index_of(bytes);
    chunk* candidate = heads_[index];
    for (int look = 0; candidate != nullptr && look < looks; ++look, candidate = candidate->next) {
      if (candidate->bytes >= bytes) return candidate;
    }
    return first_from(index + 1);
  }

  /// Any chunk, or none.
  [[nodiscard]] chunk* any() const noexcept { return first_from(0); }

 private:
  static constexpr std::size_t classes = 448;

  /// Class of a size that is a multiple of the granule: its power of two and the next three bits.
  static constexpr std::size_t index_of(std::size_t bytes) noexcept {
    const std::size_t units = bytes / granule;
    const auto power = static_cast<std::size_t>(std::bit_width(units)) - 1;
    if (power < 3) return units;
    return power * 8 + ((units >> (power - 3)) & 7U);
  }
  static constexpr std::uint64_t bit(std::size_t index) noexcept { return std::uint64_t{1} << (index % 64); }

  [[nodiscard]] chunk* first_from(std::size_t index) const noexcept {
    std::size_t word = index / 64;
    if (word >= filled_.size()) return nullptr;
    std::uint64_t left = filled_[word] & ~(bit(index) - 1);
    while (left == 0) {
      if (++word == filled_.size()) return nullptr;
      left = filled_[word];
    }
    return heads_[word * 64 + static_cast<std::size_t>(std::countr_zero(left))];
  }

  std::array<std::uint64_t, classes / 64> filled_{};
  std::array<chunk*, classes> heads_{};
};

}  // namespace cmm::detail
