#pragma once

#include "nvml.hpp"

namespace cmm::cuda {

inline constexpr const char* nvml_capabilities = "nvmlDeviceGetCapabilities";
inline constexpr unsigned nvml_capability_egm = 1;

/// Whether the driver says that a device runs in extended-GPU-memory mode: capability bit 0 of NVML. No,
/// where NVML is missing or too old to know.
inline bool egm_enabled(int device) {
  const std::string bus = pci_bus(device);
  if (bus.empty()) return false;
  const nvml library;
  const nvml::device handle = library.find(bus);
  const auto mask = handle == nullptr ? std::nullopt : library.versioned(nvml_capabilities, handle);
  return (mask.value_or(0) & nvml_capability_egm) != 0;
}

}  // namespace cmm::cuda
