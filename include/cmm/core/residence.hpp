#pragma once

#include <cstddef>
#include <vector>

#include "location.hpp"

namespace cmm {

/// Bytes and where they live; `location::none()` for those that have no page anywhere.
struct residence {
  location where{};
  std::size_t bytes = 0;

  friend bool operator==(const residence&, const residence&) = default;
};

/// Adds bytes to the entry of a location.
inline void add(std::vector<residence>& sums, location where, std::size_t bytes) {
  if (bytes == 0) return;
  for (residence& sum : sums) {
    if (sum.where != where) continue;
    sum.bytes += bytes;
    return;
  }
  sums.push_back({where, bytes});
}

}  // namespace cmm
