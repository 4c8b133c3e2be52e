#pragma once

#include <cstddef>
#include <cstdint>

#include "requirements.hpp"

namespace cmm {

/// The two places of a page by number: `fast` in memory of the GPU, `beyond` in that of the host.
struct page_pair {
  std::int32_t fast = 0;
  std::int32_t beyond = 0;

  friend constexpr bool operator==(const page_pair&, const page_pair&) noexcept = default;
};

/// One piece of every page, in both memories: that of number `i` lies `i * stride` bytes behind its address.
/// Addresses, stride and bytes are multiples of `page_moves::grain`.
struct moved_piece {
  char* fast = nullptr;
  char* beyond = nullptr;
  std::size_t stride = 0;
  std::size_t bytes = 0;
  std::size_t first = 0;  ///< segments of a page before this piece
};

/// Pages that a kernel moves at once, as it is told of them: in memory that both GPU and CPU read. No place
/// is named twice.
///
/// Work is dealt out in segments: each piece is cut into runs of `segment` bytes, the last one shorter.
struct page_moves {
  static constexpr std::size_t grain = 16;
  static constexpr std::size_t segment = 4096;

  const page_pair* pairs = nullptr;  ///< those of `up`, then of `down`, then of `swap`; 16-byte aligned
  const moved_piece* pieces = nullptr;
  std::uint32_t* blocks_done = nullptr;  ///< in memory of the GPU; 0 before and after the kernel
  std::uint32_t* done = nullptr;         ///< in host memory; becomes 1 when all pairs are read and moved
  std::uint32_t up = 0;                  ///< pages that go from the host to the GPU
  std::uint32_t down = 0;                ///< pages that go from the GPU to the host
  std::uint32_t swap = 0;                ///< pairs whose contents change places
  std::uint32_t piece_count = 0;
  std::uint32_t segments = 0;  ///< of one page
  std::uint32_t chunk = 0;     ///< bytes that a ring moves with one copy, a multiple of `segment`
  std::uint32_t chunks = 0;    ///< that a ring holds

  [[nodiscard]] constexpr std::uint32_t count() const noexcept { return up + down + swap; }
};

}  // namespace cmm
