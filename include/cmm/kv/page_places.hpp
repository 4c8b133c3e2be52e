#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "../core/error.hpp"
#include "../core/page_moves.hpp"
#include "layout.hpp"
#include "plan.hpp"

namespace cmm::kv {

/// The slots of one memory: slot `i`, from `begin` to before `end`, has its pieces at
/// `base + offset + i * stride`.
struct half {
  void* base = nullptr;
  std::int32_t begin = 0;
  std::int32_t end = 0;

  /// Whether a slot is one of these.
  [[nodiscard]] constexpr bool holds(std::int32_t slot) const noexcept { return begin <= slot && slot < end; }
};

/// Where slots lie: those of the GPU and those of the host, in one range or in two.
struct page_places {
  half fast{};
  half beyond{};

  /// One range, of which slots `[0, fast)` are memory of the GPU and those up to `slots` of the host.
  static constexpr page_places of_range(void* base, std::int32_t fast, std::int32_t slots) noexcept {
    return {{base, 0, fast}, {base, fast, slots}};
  }
};

namespace detail {

inline bool is_grained(std::size_t bytes) noexcept { return bytes % page_moves::grain == 0; }

/// The table of pieces that kernels read. Throws `bad_request`.
inline std::vector<moved_piece> moved_pieces(const page_places& places, std::span<const piece> pieces) {
  const auto refuse = [](const std::string& why) { throw bad_request{"pages cannot be moved: " + why}; };
  if (pieces.empty()) refuse("a page has no pieces; give at least one");
  for (const half* each : {&places.fast, &places.beyond}) {
    if (each->base == nullptr || !is_grained(reinterpret_cast<std::uintptr_t>(each->base))) {
      refuse("the memory of their slots begins at no multiple of 16; give an aligned range");
    }
    if (each->begin < 0 || each->end < each->begin) {
      refuse("slots " + std::to_string(each->begin) + " to " + std::to_string(each->end) +
             " are no range; begin at 0 or above and end behind it");
    }
  }
  std::vector<moved_piece> table;
  table.reserve(pieces.size());
  std::size_t segments = 0;
  for (const piece& each : pieces) {
    if (each.bytes == 0 || !is_grained(each.bytes | each.stride | each.offset)) {
      refuse("a piece of " + std::to_string(each.bytes) + " bytes at " + std::to_string(each.offset) + ", " +
             std::to_string(each.stride) + " apart, is not made of whole 16 bytes; pad it");
    }
    table.push_back({static_cast<char*>(places.fast.base) + each.offset,
                     static_cast<char*>(places.beyond.base) + each.offset, each.stride, each.bytes,
                     segments});
    segments += (each.bytes + page_moves::segment - 1) / page_moves::segment;
  }
  // Kernels count the segments of a window of 512 pages in 32 bits.
  constexpr std::size_t most = std::size_t{1} << 21;
  if (segments > most) {
    refuse("a page of more than " + std::to_string(most * page_moves::segment >> 30) +
           " GiB is too large; make pages smaller");
  }
  return table;
}

/// Throws `bad_request` for a pair whose slots are not where a mover's are.
inline void check_pairs(const page_places& places, std::span<const slot_pair> pairs) {
  for (const slot_pair& each : pairs) {
    if (places.fast.holds(each.fast) && places.beyond.holds(each.beyond)) [[likely]]
      continue;
    const bool fast = !places.fast.holds(each.fast);
    const half& of = fast ? places.fast : places.beyond;
    throw bad_request{"a plan names slot " + std::to_string(fast ? each.fast : each.beyond) +
                      (fast ? " as one of the GPU" : " as one of the host") +
                      ", and those of this mover are " + std::to_string(of.begin) + " to " +
                      std::to_string(of.end - 1) + "; run it on the mover of its own range"};
  }
}

}  // namespace detail
}  // namespace cmm::kv
