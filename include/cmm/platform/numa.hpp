#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "files.hpp"
#include "lines.hpp"

namespace cmm::platform {

/// A NUMA node as Linux shows it. On a coherent machine GPUs appear as nodes without CPUs.
struct numa_node {
  int id = 0;
  std::string cpus{};  ///< such as "0-71"; empty for memory alone
  std::uint64_t total = 0;
  std::uint64_t free = 0;
};

inline std::vector<numa_node> read_numa(files& from) {
  std::vector<numa_node> nodes;
  const std::string folder = "/sys/devices/system/node";
  for (const int id : from.numbered(folder, "node")) {
    const std::string place = folder + "/node" + std::to_string(id);
    const auto text = from.read(place + "/meminfo");
    const auto cpus = from.line(place + "/cpulist");
    if (!text) continue;
    numa_node node{id, cpus ? *cpus : "", 0, 0};
    const std::string prefix = "Node " + std::to_string(id) + " ";
    node.total = kib_after(*text, prefix + "MemTotal:").value_or(0);
    node.free = kib_after(*text, prefix + "MemFree:").value_or(0);
    nodes.push_back(node);
  }
  return nodes;
}

/// All memory of the system in bytes. It includes HBM that is online as a NUMA node.
inline std::optional<std::uint64_t> read_memory_total(files& from) {
  const auto text = from.read("/proc/meminfo");
  return text ? kib_after(*text, "MemTotal:") : std::nullopt;
}

}  // namespace cmm::platform
