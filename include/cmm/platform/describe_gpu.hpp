#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "answers.hpp"
#include "cuda_trouble.hpp"
#include "description.hpp"
#include "files.hpp"
#include "lines.hpp"
#include "numa.hpp"
#include "pcie.hpp"

namespace cmm::platform {
namespace detail {

inline std::optional<std::int64_t> find(const named_numbers& from, const std::string& name) {
  const auto found = from.find(name);
  return found == from.end() ? std::nullopt : std::optional{found->second};
}

inline fact<bool> flag(const named_numbers& from, const std::string& name) {
  const auto value = find(from, name);
  if (!value) return unknown{name + " was not answered"};
  return reported(*value != 0, name + " is " + std::to_string(*value));
}

inline fact<std::uint64_t> bytes(const named_numbers& from, const std::string& name) {
  const auto value = find(from, name);
  if (!value || *value < 0) return unknown{name + " was not answered"};
  return reported(static_cast<std::uint64_t>(*value), name);
}

inline fact<int> node_number(const gpu_answers& told, const char* cuda, const char* nvml) {
  const auto value = find(told.cuda, cuda);
  if (value && *value >= 0) {
    return reported(static_cast<int>(*value), std::string{cuda} + " is " + std::to_string(*value));
  }
  const auto other = find(told.nvml, nvml);
  if (other && *other >= 0) {
    return reported(static_cast<int>(*other), std::string{"NVML "} + nvml + " is " + std::to_string(*other));
  }
  return unknown{std::string{cuda} + (value ? " is " + std::to_string(*value) : " was not answered")};
}

inline fact<std::string> addressing(const gpu_answers& told) {
  const auto pageable = find(told.cuda, "cudaDevAttrPageableMemoryAccess");
  const auto tables = find(told.cuda, "cudaDevAttrPageableMemoryAccessUsesHostPageTables");
  if (pageable && tables) {
    return reported<std::string>(*pageable == 0 ? "none"
                                 : *tables != 0 ? "ATS"
                                                : "HMM",
                                 "cudaDevAttrPageableMemoryAccess is " + std::to_string(*pageable) +
                                     ", ...UsesHostPageTables is " + std::to_string(*tables));
  }
  const auto mode = find(told.nvml, "addressing_mode");
  if (mode && *mode >= 0 && *mode <= 2) {
    constexpr std::array names{"none", "HMM", "ATS"};
    return reported<std::string>(names[static_cast<std::size_t>(*mode)],
                                 "NVML addressing_mode is " + std::to_string(*mode));
  }
  return unknown{"neither CUDA nor NVML told how the GPU reads malloc memory"};
}

inline fact<double> memory_rate(const named_numbers& cuda) {
  const auto kilohertz = find(cuda, "cudaDevAttrMemoryClockRate");
  const auto bits = find(cuda, "cudaDevAttrGlobalMemoryBusWidth");
  if (kilohertz.value_or(0) <= 0 || bits.value_or(0) <= 0) {
    return unknown{"CUDA gives no memory clock or no bus width"};
  }
  const double rate = 2e3 * static_cast<double>(*kilohertz) * static_cast<double>(*bits) / 8 / 1e9;
  return inferred(rate, "2 x cudaDevAttrMemoryClockRate " + std::to_string(*kilohertz) +
                            " kHz x cudaDevAttrGlobalMemoryBusWidth " + std::to_string(*bits) + " bit / 8");
}

/// What cudaMemGetInfo answered, or why it did not.
inline fact<std::uint64_t> memory_info(const named_numbers& from, const std::string& part) {
  fact<std::uint64_t> told = bytes(from, "cudaMemGetInfo." + part);
  if (told) return told;
  if (const auto code = find(from, "cudaMemGetInfo.error")) {
    return unknown{"cudaMemGetInfo failed with " + explained(*code, "", "")};
  }
  return unknown{told.evidence +
                 "; another process may have the GPU for itself or fill its memory, see nvidia-smi"};
}

/// The size of a GPU's memory: no answer of 0 is one.
inline fact<std::uint64_t> memory_size(const gpu_answers& told) {
  fact<std::uint64_t> by_cuda = memory_info(told.cuda, "total");
  fact<std::uint64_t> by_nvml = bytes(told.nvml, "memory_total");
  if (by_cuda.value_or(0) != 0) return by_cuda;
  if (by_nvml.value_or(0) != 0) return by_nvml;
  return by_cuda ? unknown{"cudaMemGetInfo.total is 0"} : by_cuda;
}

/// What is free of that, and never more.
inline fact<std::uint64_t> memory_left(const gpu_answers& told, const fact<std::uint64_t>& size) {
  fact<std::uint64_t> left = memory_info(told.cuda, "free");
  if (!size || !left || *left <= *size) return left;
  return inferred(*size, left.evidence + ", which is more than " + size.evidence);
}

/// Whether a GPU that says it is integrated has memory of its own: NVML counts some, and no such size is the
/// system's.
inline bool has_own_memory(files& from, const gpu& known, const gpu_answers& told) {
  const auto own = find(told.nvml, "memory_total");
  const std::uint64_t total = known.memory_bytes.value_or(0);
  if (own.value_or(0) <= 0 || total == 0) return false;
  const auto near = [&](std::uint64_t size) {
    return size != 0 && size - size / 4 <= total && total <= size + size / 4;
  };
  std::uint64_t in_nodes = 0;
  for (const numa_node& each : read_numa(from)) in_nodes += each.total;
  return !near(read_memory_total(from).value_or(0)) && !near(in_nodes);
}

/// Of one memory for CPU and GPU the kernel tells what cudaMemGetInfo does not.
inline void stand_in(gpu& known, files& from) {
  const std::string path = "/proc/meminfo";
  const std::string text = from.read(path).value_or("");
  const auto take = [&](fact<std::uint64_t>& missing, const std::string& key) {
    const auto found = missing ? std::nullopt : kib_after(text, key + ":");
    if (found) missing = inferred(*found, key + " of " + path + ", since " + missing.evidence);
  };
  take(known.memory_bytes, "MemTotal");
  take(known.free_bytes, "MemAvailable");
}

/// A link that is idle runs slower than it can, so the best of this GPU in this slot counts.
inline fact<double> pcie_rate_of(files& from, const std::string& bus, const named_numbers& nvml) {
  const auto now = read_pcie(from, bus);
  const auto generation = find(nvml, "pcie_max_generation");
  const auto lanes = find(nvml, "pcie_max_width");
  if (generation && lanes && pcie_gigatransfers(*generation) > 0 && *lanes >= 1 && *lanes <= 32) {
    const pcie_link best{pcie_gigatransfers(*generation), static_cast<int>(*lanes)};
    const bool slower = now && now->rate() < best.rate() * 0.99;
    return reported(best.rate(), "NVML: PCIe " + std::to_string(*generation) + " x" + std::to_string(*lanes) +
                                     (slower ? ", now trained to " + now->text() : ""));
  }
  if (now) return reported(now->rate(), "current_link_speed and _width: " + now->text());
  return unknown{"neither NVML nor /sys/bus/pci/devices/" + bus + " tells the link"};
}

inline void describe_link(gpu& known, files& from, const gpu_answers& told) {
  const auto c2c = find(told.nvml, "c2c_enabled");
  const auto rate = find(told.nvml, "c2c_mb_per_s");
  constexpr double published_c2c = 450;  // GB/s in one direction, NVIDIA GH200 data sheet
  if (known.shares_host_memory()) {
    known.link = reported<std::string>("shared memory", known.integrated.evidence);
    known.link_rate = unknown{"CPU and GPU read the same memory, no link lies between"};
  } else if (c2c.value_or(0) != 0 || rate.value_or(0) > 0) {
    known.link = reported<std::string>("C2C", "NVML: C2C is enabled");
    if (rate.value_or(0) > 0) {
      known.link_rate = reported(static_cast<double>(*rate) / 1e3,
                                 "NVML: " + std::to_string(find(told.nvml, "c2c_links").value_or(0)) +
                                     " C2C links, " + std::to_string(*rate) + " MB/s together");
    } else {
      known.link_rate = inferred(published_c2c, "the published 450 GB/s of NVLink-C2C");
    }
  } else if (!c2c && known.addressing.value_or("") == "ATS") {
    known.link = inferred<std::string>("C2C", "NVML does not say, but the GPU uses the host's page tables");
    known.link_rate = inferred(published_c2c, "the published 450 GB/s of NVLink-C2C");
  } else if (!told.bus.empty() && (c2c || known.addressing)) {
    known.link = c2c ? reported<std::string>("PCIe", "NVML: C2C is disabled")
                     : inferred<std::string>("PCIe", "NVML does not say, but the GPU is not coherent");
    known.link_rate = pcie_rate_of(from, told.bus, told.nvml);
  }
}

}  // namespace detail

/// One GPU, from what CUDA and NVML answered and from its folder in `/sys/bus/pci`.
inline gpu describe_gpu(files& from, const gpu_answers& told, int ordinal) {
  gpu known;
  known.ordinal = ordinal;
  known.name = told.name;
  std::string bus = told.bus;
  std::transform(bus.begin(), bus.end(), bus.begin(), [](unsigned char c) { return std::tolower(c); });
  if (!bus.empty()) known.bus = reported(bus, "cudaDeviceGetPCIBusId");
  known.memory_bytes = detail::memory_size(told);
  known.free_bytes = detail::memory_left(told, known.memory_bytes);
  known.memory_rate = detail::memory_rate(told.cuda);
  known.integrated = detail::flag(told.cuda, "cudaDevAttrIntegrated");
  if (known.shares_host_memory() && detail::has_own_memory(from, known, told)) {
    known.integrated = inferred(false, known.integrated.evidence +
                                           ", which is doubted: NVML counts memory of its own, of another "
                                           "size than the system's");
  }
  if (known.shares_host_memory()) detail::stand_in(known, from);
  known.addressing = detail::addressing(told);
  known.numa_node = detail::node_number(told, "cudaDevAttrNumaId", "numa_node");
  if (detail::find(told.cuda, "cudaDevAttrNumaConfig").value_or(-1) == 0) {
    known.numa_node = unknown{"cudaDevAttrNumaConfig is 0: its memory is no NUMA node"};
  }
  known.nearest_node = detail::node_number(told, "cudaDevAttrHostNumaId", "none");
  known.managed = detail::flag(told.cuda, "cudaDevAttrManagedMemory");
  known.concurrent_managed = detail::flag(told.cuda, "cudaDevAttrConcurrentManagedAccess");
  const auto pools = detail::flag(told.cuda, "cudaDevAttrMemoryPoolsSupported");
  known.managed_pools = pools && *pools ? known.concurrent_managed : pools;
  known.host_numa_pools = detail::flag(told.cuda, "cudaDevAttrHostNumaMemoryPoolsSupported");
  known.egm = detail::flag(told.nvml, "egm_capability");
  if (const auto mode = detail::find(told.nvml, "virtualization_mode")) {
    constexpr std::array names{"none", "pass-through", "vGPU guest", "vGPU host", "vSGA host"};
    const bool named = *mode >= 0 && *mode < static_cast<std::int64_t>(names.size());
    known.virtualization = reported<std::string>(named ? names[static_cast<std::size_t>(*mode)] : "another",
                                                 "NVML virtualization_mode is " + std::to_string(*mode));
  } else {
    known.virtualization = unknown{"NVML virtualization_mode was not answered"};
  }
  const auto major = detail::find(told.cuda, "cudaDevAttrComputeCapabilityMajor");
  const auto minor = detail::find(told.cuda, "cudaDevAttrComputeCapabilityMinor");
  if (major && minor) {
    known.compute_capability = reported(std::to_string(*major) + "." + std::to_string(*minor),
                                        "cudaDevAttrComputeCapabilityMajor and Minor");
  }
  gpu_answers placed = told;
  placed.bus = bus;
  detail::describe_link(known, from, placed);
  return known;
}

}  // namespace cmm::platform
