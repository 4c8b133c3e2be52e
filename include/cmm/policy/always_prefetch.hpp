#pragma once

#include "advise_only.hpp"
#include "prefetch.hpp"

namespace cmm {

/// Advises as `advise_only` does and populates every block on its device.
struct always_prefetch {
  static constexpr const char* name = "always_prefetch";
  static constexpr bool hints = true;

  [[gnu::always_inline]] void place(auto& at, block b, stream s) const {
    advise_only{}.place(at, b, s);
    prefetch{}.place(at, b, s);
  }
};

}  // namespace cmm
