#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "files.hpp"
#include "lines.hpp"

namespace cmm::platform {

/// The physical address map of `/proc/iomem`. Without privilege the kernel shows every address as zero.
struct iomem {
  struct range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::string name{};
  };

  std::string why_not{};  ///< why nothing was read; empty when something was
  bool hidden = false;    ///< names are shown, addresses are not
  std::vector<range> ranges{};

  /// HBM that the driver put online as a NUMA node carries this name. It is no host memory and no EGM.
  static constexpr std::string_view online_hbm = "System RAM (NVIDIA)";

  [[nodiscard]] bool readable() const noexcept { return why_not.empty() && !hidden; }
  [[nodiscard]] bool names(std::string_view name) const {
    return std::any_of(ranges.begin(), ranges.end(), [&](const range& r) { return r.name == name; });
  }
  /// Bytes under a name, each address once.
  [[nodiscard]] std::uint64_t bytes(std::string_view name) const {
    if (!readable()) return 0;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> parts;
    for (const range& r : ranges) {
      if (r.name == name && r.last >= r.first) parts.emplace_back(r.first, r.last);
    }
    std::sort(parts.begin(), parts.end());
    std::uint64_t sum = 0;
    std::uint64_t next = 0;  // the first address that is not counted yet
    for (const auto& [first, last] : parts) {
      if (sum != 0 && last < next) continue;
      sum += last - (sum == 0 ? first : std::max(first, next)) + 1;
      next = last + 1;
    }
    return sum;
  }
};

inline iomem read_iomem(files& from) {
  constexpr const char* path = "/proc/iomem";
  iomem map;
  const auto text = from.read(path);
  if (!text) {
    map.why_not = from.why_not(path);
    return map;
  }
  each_line(*text, [&](std::string_view line) {
    const auto dash = line.find('-');
    const auto colon = line.find(" : ");
    if (dash == std::string_view::npos || colon == std::string_view::npos || dash > colon) return;
    const auto first = number(line.substr(0, dash), 16);
    const auto last = number(line.substr(dash + 1, colon - dash - 1), 16);
    if (first && last) map.ranges.push_back({*first, *last, std::string{trimmed(line.substr(colon + 3))}});
  });
  if (map.ranges.empty()) map.why_not = std::string{path} + " is empty";
  map.hidden = !map.ranges.empty() &&
               std::all_of(map.ranges.begin(), map.ranges.end(), [](const auto& r) { return r.last == 0; });
  return map;
}

}  // namespace cmm::platform
