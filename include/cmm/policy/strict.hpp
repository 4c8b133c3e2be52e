#pragma once

#include "../core/concepts.hpp"

namespace cmm {

/// Makes a hint that this machine cannot take an error instead of a counted skip.
struct strict {
  static constexpr const char* name = "strict";
  static constexpr bool makes_strict = true;

  void place(auto&, block, stream) const {}
};

}  // namespace cmm
