#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "description.hpp"
#include "egm_regions.hpp"
#include "lines.hpp"

namespace cmm::platform::detail {

/// Whether HBM is a NUMA node of the system (NUMA), the driver's own (CDMM), or apart behind PCIe.
inline fact<std::string> memory_mode(const description& known) {
  const auto hbm = std::find_if(known.nodes.begin(), known.nodes.end(), [](const node& n) {
    return n.role.value_or(node_role::unclear) == node_role::hbm;
  });
  if (hbm != known.nodes.end()) {
    return {"NUMA", hbm->role.how, "node " + std::to_string(hbm->id) + " is HBM: " + hbm->role.evidence};
  }
  const auto& gpus = known.gpus;
  const auto all = [&](auto&& test) { return !gpus.empty() && std::all_of(gpus.begin(), gpus.end(), test); };
  if (all([](const gpu& g) { return g.shares_host_memory(); })) {
    return reported<std::string>("shared", gpus.front().integrated.evidence);
  }
  if (all([](const gpu& g) { return g.addressing && !g.coherent(); })) {
    return inferred<std::string>("separate", "no GPU is coherent with the CPUs");
  }
  const driver_settings& driver = known.driver;
  if (driver.memory_mode.value_or("") == "driver") {
    return reported<std::string>("CDMM", driver.memory_mode.evidence);
  }
  if (driver.memory_mode.value_or("none").empty() && !driver.manages_numa.value_or(true)) {
    return inferred<std::string>("CDMM", driver.manages_numa.evidence + ", which CDMM by default does");
  }
  if (all([](const gpu& g) { return g.numa_node.evidence.starts_with("cudaDevAttrNumaConfig is 0"); })) {
    return inferred<std::string>("CDMM", gpus.front().numa_node.evidence);
  }
  return unknown{driver.memory_mode ? "no node is known to be HBM" : driver.memory_mode.evidence};
}

/// The LPDDR in a superchip by the name of its GPU, such as "NVIDIA GH200 480GB"; GB of 1e9 bytes.
inline std::optional<std::uint64_t> lpddr_by_name(const std::string& name) {
  const auto chip = name.find("GH200 ");
  if (chip == std::string::npos) return std::nullopt;
  const std::string rest = name.substr(chip + 6);
  const auto gigabytes = number(rest);
  const auto unit = rest.find_first_not_of("0123456789");
  if (!gigabytes || unit == std::string::npos || rest.substr(unit) != "GB" || *gigabytes > 10'000) {
    return std::nullopt;  // "144G HBM3e" names the HBM
  }
  return *gigabytes * 1'000'000'000;
}

inline std::uint64_t lpddr_by_names(const description& known) {
  std::uint64_t sum = 0;
  for (const gpu& each : known.gpus) sum += lpddr_by_name(each.name).value_or(0);
  return sum;
}

/// Whether a CPU of NVIDIA may be here, whose memory can be extended GPU memory.
inline bool may_be_grace(const description& known) {
  if (known.architecture.value_or("") == "x86_64") return false;
  return known.gpus.empty() || std::any_of(known.gpus.begin(), known.gpus.end(), [](const gpu& each) {
           return each.coherent() || (!each.addressing && !each.link && !each.shares_host_memory());
         });
}

/// Whether extended GPU memory is in use, and on which side of it this system is.
inline fact<std::string> egm_mode(const description& known, const std::vector<egm_region>& regions,
                                  std::uint64_t host_bytes) {
  if (!may_be_grace(known)) return inferred<std::string>("off", "no GPU is next to a CPU of NVIDIA");
  if (!regions.empty()) return reported<std::string>("host", regions.front().path + " exists");
  if (known.gpus.empty()) return unknown{"no GPU answered"};
  const auto guest = [&](const gpu& each) {
    const std::string& mode = each.virtualization.value.value_or("");
    return mode == "pass-through" || mode == "vGPU guest" ||
           (!each.virtualization && known.surroundings.virtual_machine.value_or(false));
  };
  for (const gpu& each : known.gpus) {
    if (each.egm.value_or(false)) {
      return guest(each) ? reported<std::string>("guest", "NVML egm_capability is 1 in a virtual machine")
                         : reported<std::string>("host", "NVML egm_capability is 1 on bare metal");
    }
  }
  const bool virtualized = std::any_of(known.gpus.begin(), known.gpus.end(), guest);
  const std::uint64_t installed = lpddr_by_names(known);
  if (!virtualized && host_bytes != 0 && host_bytes < installed / 2) {
    return inferred<std::string>("host", "the names of the GPUs tell of more LPDDR than this system sees");
  }
  const gpu& first = known.gpus.front();
  if (first.egm) return reported<std::string>("off", "NVML " + first.egm.evidence);
  if (!first.coherent()) return inferred<std::string>("off", "no GPU has a coherent link");
  if (installed != 0 && host_bytes >= installed / 10 * 9) {
    return inferred<std::string>("off", "this system sees the LPDDR that the names of the GPUs tell of");
  }
  return unknown{"NVML egm_capability was not answered"};
}

}  // namespace cmm::platform::detail
