#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "files.hpp"
#include "lines.hpp"

namespace cmm::platform {

/// LPDDR that the firmware keeps from this system for virtual machines, as its VFIO driver shows it.
struct egm_region {
  int id = 0;
  std::optional<std::uint64_t> bytes{};
  std::string path{};
};

/// The regions of `/sys/class/egm`; none where that driver is not loaded, though there may be some.
inline std::vector<egm_region> read_egm_regions(files& from) {
  std::vector<egm_region> regions;
  for (const int id : from.numbered("/sys/class/egm", "egm")) {
    const std::string path = "/sys/class/egm/egm" + std::to_string(id) + "/egm_size";
    const auto line = from.line(path);
    if (!line) continue;
    const bool hexadecimal = line->starts_with("0x");
    regions.push_back({id, hexadecimal ? number(line->substr(2), 16) : number(*line), path});
  }
  return regions;
}

}  // namespace cmm::platform
