#pragma once

#include <cstdio>
#include <vector>

#include "peaks.hpp"

namespace cmm::bench {

/// GB/s that one link of NVLink carries in each direction, by the version as NVML numbers it: 1 is NVLink 1,
/// 6 is NVLink 4, 7 is NVLink 5. Some drivers call the links of Hopper version 7.
constexpr double nvlink_rate(int version, int capability_major) noexcept {
  if (version == 1) return 20;
  return version >= 7 && capability_major >= 10 ? 50 : 25;
}

/// What active links between two GPUs, given by their versions, carry together. No links join nothing.
inline peer_link joined_by(const std::vector<int>& versions, int capability_major) {
  if (versions.empty()) return {};
  peer_link all;
  for (const int version : versions) all.rate += nvlink_rate(version, capability_major);
  char words[80];
  const std::size_t count = versions.size();
  std::snprintf(words, sizeof words, "NVLink, %zu link%s of %g GB/s", count, count == 1 ? "" : "s",
                all.rate / static_cast<double>(count));
  all.name = words;
  return all;
}

}  // namespace cmm::bench
