#pragma once

#include "../core/concepts.hpp"

namespace cmm {

/// Keeps the pages mapped for a processor, so that it reads them where they are: the host unless said
/// otherwise.
///
/// CUDA takes a device or the host as a whole here, not a NUMA node.
struct accessed_by {
  location at = location::host();

  static constexpr const char* name = "accessed_by";
  static constexpr bool hints = true;
  static constexpr void fields(auto& self, auto&& visit) { visit("at", self.at); }

  void place(auto& to, block b, stream) const { to.advise(b, advice::accessed_by, at); }
};

}  // namespace cmm
