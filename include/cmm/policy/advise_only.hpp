#pragma once

#include "accessed_by.hpp"
#include "prefer.hpp"

namespace cmm {

/// Prefers the block's device and keeps the host mapped; pages come by first touch.
struct advise_only {
  static constexpr const char* name = "advise_only";
  static constexpr bool hints = true;

  [[gnu::always_inline]] void place(auto& at, block b, stream s) const {
    prefer{}.place(at, b, s);
    accessed_by{}.place(at, b, s);
  }
};

}  // namespace cmm
