#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cmm::kv {

/// One piece of every page: that of slot `s` is `bytes` bytes at `offset + s * stride` of the range.
struct piece {
  std::size_t offset = 0;
  std::size_t stride = 0;
  std::size_t bytes = 0;

  friend constexpr bool operator==(const piece&, const piece&) noexcept = default;
};

}  // namespace cmm::kv
