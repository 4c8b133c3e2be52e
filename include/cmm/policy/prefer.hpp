#pragma once

#include "../core/concepts.hpp"

namespace cmm {

/// Sets the preferred location of the pages: the block's device unless said otherwise.
struct prefer {
  location at = location::device();

  static constexpr const char* name = "prefer";
  static constexpr bool hints = true;
  static constexpr void fields(auto& self, auto&& visit) { visit("at", self.at); }

  void place(auto& to, block b, stream) const { to.advise(b, advice::preferred_location, at); }
};

}  // namespace cmm
