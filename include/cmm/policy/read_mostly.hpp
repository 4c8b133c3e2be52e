#pragma once

#include "../core/concepts.hpp"

namespace cmm {

/// Lets every processor that reads the pages keep a copy; a write drops the copies.
struct read_mostly {
  static constexpr const char* name = "read_mostly";
  static constexpr bool hints = true;

  void place(auto& to, block b, stream) const { to.advise(b, advice::read_mostly, location::device()); }
};

}  // namespace cmm
