#pragma once

#include "advise_only.hpp"
#include "prefetch.hpp"

namespace cmm {

/// Advises as `advise_only` does and populates blocks smaller than `below` bytes on their device.
///
/// Larger blocks are left to first touch, so that one too large for the device does not push out the rest.
struct threshold_prefetch {
  std::size_t below = 2_GiB;

  static constexpr const char* name = "threshold_prefetch";
  static constexpr bool hints = true;
  static constexpr void fields(auto& self, auto&& visit) { visit("below", self.below); }

  [[gnu::always_inline]] void place(auto& at, block b, stream s) const {
    advise_only{}.place(at, b, s);
    if (b.bytes < below) prefetch{}.place(at, b, s);
  }
};

}  // namespace cmm
