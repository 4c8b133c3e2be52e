#pragma once

#include <vector>

#include "nvml.hpp"

namespace cmm::cuda {

/// The versions, as NVML numbers them, of the active links of NVLink that join two CUDA devices, directly or
/// through a switch; empty where there are none or NVML does not tell.
inline std::vector<int> nvlinks_between(int device, int other) {
  constexpr unsigned most = 36;
  constexpr std::int64_t to_a_gpu = 0;
  std::vector<int> versions;
  const nvml library;
  const nvml::device here = library.find(pci_bus(device));
  const nvml::device there = library.find(pci_bus(other));
  if (here == nullptr || there == nullptr) return versions;
  for (unsigned link = 0; link < most; ++link) {
    if (library.of_link("nvmlDeviceGetNvLinkState", here, link).value_or(0) != 1) continue;
    const auto version = library.of_link("nvmlDeviceGetNvLinkVersion", here, link);
    const auto kind = library.of_link("nvmlDeviceGetNvLinkRemoteDeviceType", here, link);
    const nvml::device end = library.end_of_link(here, link);
    // A switch reaches every GPU. Where nobody tells where a link ends, it counts.
    const bool elsewhere = kind.value_or(to_a_gpu) == to_a_gpu && end != nullptr && end != there;
    if (!elsewhere) versions.push_back(static_cast<int>(version.value_or(0)));
  }
  return versions;
}

}  // namespace cmm::cuda
