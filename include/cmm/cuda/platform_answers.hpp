#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "../platform/answers.hpp"
#include "../platform/cuda_trouble.hpp"
#include "calls.hpp"
#include "egm.hpp"
#include "nvml.hpp"

namespace cmm::cuda {
namespace detail {

inline void keep(platform::named_numbers& into, const char* name, std::optional<std::int64_t> value) {
  if (value) into[name] = *value;
}

inline void ask_attributes(platform::named_numbers& into, int device) {
  constexpr std::pair<const char*, cudaDeviceAttr> attributes[] = {
      {"cudaDevAttrComputeCapabilityMajor", cudaDevAttrComputeCapabilityMajor},
      {"cudaDevAttrComputeCapabilityMinor", cudaDevAttrComputeCapabilityMinor},
      {"cudaDevAttrMultiProcessorCount", cudaDevAttrMultiProcessorCount},
      {"cudaDevAttrL2CacheSize", cudaDevAttrL2CacheSize},
      {"cudaDevAttrMemoryClockRate", cudaDevAttrMemoryClockRate},
      {"cudaDevAttrGlobalMemoryBusWidth", cudaDevAttrGlobalMemoryBusWidth},
      {"cudaDevAttrAsyncEngineCount", cudaDevAttrAsyncEngineCount},
      {"cudaDevAttrIntegrated", cudaDevAttrIntegrated},
      {"cudaDevAttrManagedMemory", cudaDevAttrManagedMemory},
      {"cudaDevAttrConcurrentManagedAccess", cudaDevAttrConcurrentManagedAccess},
      {"cudaDevAttrPageableMemoryAccess", cudaDevAttrPageableMemoryAccess},
      {"cudaDevAttrPageableMemoryAccessUsesHostPageTables",
       cudaDevAttrPageableMemoryAccessUsesHostPageTables},
      {"cudaDevAttrDirectManagedMemAccessFromHost", cudaDevAttrDirectManagedMemAccessFromHost},
      {"cudaDevAttrHostNativeAtomicSupported", cudaDevAttrHostNativeAtomicSupported},
      {"cudaDevAttrMemoryPoolsSupported", cudaDevAttrMemoryPoolsSupported},
      {"cudaDevAttrHostMemoryPoolsSupported", cudaDevAttrHostMemoryPoolsSupported},
      {"cudaDevAttrHostNumaMemoryPoolsSupported", cudaDevAttrHostNumaMemoryPoolsSupported},
      {"cudaDevAttrHostNumaId", cudaDevAttrHostNumaId},
      {"cudaDevAttrNumaConfig", cudaDevAttrNumaConfig},
      {"cudaDevAttrNumaId", cudaDevAttrNumaId},
  };
  for (const auto& [name, which] : attributes) {
    int value = 0;
    if (answer(cudaDeviceGetAttribute(&value, which, device), "cudaDeviceGetAttribute").ok()) {
      into[name] = value;
    }
  }
}

/// The sum of what the active C2C links carry, each in one direction.
inline void ask_c2c(platform::named_numbers& into, const nvml& library, nvml::device gpu) {
  constexpr unsigned link_count = 170;  // NVML_FI_DEV_C2C_LINK_COUNT and the next two
  constexpr unsigned link_status = 171;
  constexpr unsigned link_rate = 172;
  keep(into, "c2c_enabled", library.number("nvmlDeviceGetC2cModeInfoV", gpu));
  const auto links = library.field(gpu, link_count);
  keep(into, "c2c_links", links);
  std::int64_t rate = 0;
  for (unsigned i = 0; i < links.value_or(0) && i < 64; ++i) {
    if (library.field(gpu, link_status, i).value_or(0) == 1)
      rate += library.field(gpu, link_rate, i).value_or(0);
  }
  if (rate > 0) into["c2c_mb_per_s"] = rate;
}

inline void ask_nvml(platform::named_numbers& into, const nvml& library, nvml::device gpu) {
  ask_c2c(into, library, gpu);
  const auto capabilities = library.versioned(nvml_capabilities, gpu);
  if (capabilities) into["egm_capability"] = (*capabilities & nvml_capability_egm) != 0 ? 1 : 0;
  keep(into, "addressing_mode", library.versioned("nvmlDeviceGetAddressingMode", gpu));
  keep(into, "virtualization_mode", library.number("nvmlDeviceGetVirtualizationMode", gpu));
  keep(into, "numa_node", library.number("nvmlDeviceGetNumaNodeId", gpu));
  keep(into, "pcie_max_generation", library.number("nvmlDeviceGetMaxPcieLinkGeneration", gpu));
  keep(into, "pcie_max_width", library.number("nvmlDeviceGetMaxPcieLinkWidth", gpu));
  keep(into, "memory_total", library.memory_total(gpu));
}

inline platform::gpu_answers ask_gpu(int device, const nvml& library) {
  platform::gpu_answers told;
  cudaDeviceProp properties{};
  if (answer(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties").ok()) {
    told.name = properties.name;
  }
  told.bus = pci_bus(device);
  ask_attributes(told.cuda, device);
  const device_scope here{device};
  std::size_t free = 0;
  std::size_t total = 0;
  const status asked =
      here.result().ok() ? answer(cudaMemGetInfo(&free, &total), "cudaMemGetInfo") : here.result();
  if (!asked.ok()) {
    told.cuda["cudaMemGetInfo.error"] = static_cast<std::int64_t>(asked.code);
  } else {
    told.cuda["cudaMemGetInfo.free"] = static_cast<std::int64_t>(free);
    told.cuda["cudaMemGetInfo.total"] = static_cast<std::int64_t>(total);
  }
  const nvml::device handle = told.bus.empty() ? nullptr : library.find(told.bus);
  if (handle != nullptr) ask_nvml(told.nvml, library, handle);
  return told;
}

}  // namespace detail

/// What CUDA and NVML answer on this machine, for `platform::describe`. No GPU, no driver and no NVML are
/// answers too; nothing throws for them. Starts CUDA on every GPU.
///
/// Keys of NVML: c2c_enabled, c2c_links, c2c_mb_per_s (active links together), egm_capability,
/// addressing_mode (0 none, 1 HMM, 2 ATS), virtualization_mode (0 none, 1 pass-through, 2 vGPU), numa_node,
/// pcie_max_generation, pcie_max_width, memory_total (bytes).
inline platform::answers platform_answers() {
  platform::answers told = platform::answers_without_cuda("");
  int version = 0;
  if (answer(cudaRuntimeGetVersion(&version), "cudaRuntimeGetVersion").ok()) told.cuda_runtime = version;
  if (answer(cudaDriverGetVersion(&version), "cudaDriverGetVersion").ok() && version != 0) {
    told.cuda_driver = version;
  }
  const nvml library;
  told.no_nvml = library.why_not();
  told.driver = library.driver_version();
  int count = 0;
  const status counted = answer(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  const auto code = static_cast<cudaError_t>(counted.code);
  if (!counted.ok())
    told.no_cuda = platform::explained(code, cudaGetErrorName(code), cudaGetErrorString(code));
  if (counted.ok() && count == 0) told.no_cuda = describe(errc::no_device);
  for (int device = 0; counted.ok() && device < count; ++device) {
    told.gpus.push_back(detail::ask_gpu(device, library));
  }
  return told;
}

}  // namespace cmm::cuda
