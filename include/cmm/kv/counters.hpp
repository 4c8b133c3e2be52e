#pragma once

#include <cstddef>
#include <cstdint>

#include "../core/requirements.hpp"

namespace cmm::kv {

/// What a residency has done since it was made, and what is so now.
struct counters {
  std::int32_t live = 0;    ///< pages that have readers
  std::int32_t remote = 0;  ///< live pages beyond HBM
  std::int32_t idle = 0;    ///< pages without readers that can be hit

  /// Steps so far, and what their plans moved, in pages.
  std::uint64_t steps = 0;
  std::uint64_t pages_up = 0;    ///< copied to HBM
  std::uint64_t pages_down = 0;  ///< copied out of HBM
  std::uint64_t avoided = 0;     ///< changed memories without a copy: they were dead, new or clean
  std::uint64_t refilled = 0;    ///< of `pages_down`, by plans of `refill`
  std::size_t page_bytes = 0;    ///< bytes of a page

  std::uint64_t read = 0;         ///< live pages, or those used, summed over the steps
  std::uint64_t read_remote = 0;  ///< of these, beyond HBM
  double remote_share = 0;        ///< of what the last step reads, from 0 to 1

  /// The same in bytes.
  [[nodiscard]] constexpr std::uint64_t bytes_up() const noexcept { return pages_up * page_bytes; }
  [[nodiscard]] constexpr std::uint64_t bytes_down() const noexcept { return pages_down * page_bytes; }
};

}  // namespace cmm::kv
