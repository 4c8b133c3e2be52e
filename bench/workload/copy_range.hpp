#pragma once

#include <cstddef>

namespace cmm::bench {

/// A range of memory that something is copied from, and the one it goes to.
struct copy_range {
  void* to = nullptr;
  const void* from = nullptr;
  std::size_t bytes = 0;
};

}  // namespace cmm::bench
