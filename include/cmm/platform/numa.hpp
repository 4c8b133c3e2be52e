#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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
  std::uint64_t cache = 0;  ///< page cache of files, which the kernel gives back
  bool allowed = true;      ///< whether the CPU set of this process has it
};

namespace detail {

/// Whether a list such as "0,4-7" names a number; a list that is not told names all.
inline bool names_node(const std::string& list, int id) {
  if (list.empty()) return true;
  for (std::string_view rest = list; !rest.empty();) {
    const auto comma = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, comma);
    const auto dash = part.find('-');
    const auto first = number(part);
    const auto last = dash == std::string_view::npos ? first : number(part.substr(dash + 1));
    const auto wanted = static_cast<std::uint64_t>(id);
    if (first && last && *first <= wanted && wanted <= *last) return true;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return false;
}

/// The nodes that this process may take memory from.
inline std::string allowed_nodes(files& from) {
  constexpr std::string_view key = "Mems_allowed_list:";
  const auto line =
      from.read_lines("/proc/self/status", [&](std::string_view each) { return each.starts_with(key); });
  return line ? std::string{after(*line, key).value_or("")} : "";
}

}  // namespace detail

inline std::vector<numa_node> read_numa(files& from) {
  std::vector<numa_node> nodes;
  const std::string allowed = detail::allowed_nodes(from);
  const std::string folder = "/sys/devices/system/node";
  for (const int id : from.numbered(folder, "node")) {
    const std::string place = folder + "/node" + std::to_string(id);
    const auto text = from.read(place + "/meminfo");
    const auto cpus = from.line(place + "/cpulist");
    if (!text) continue;
    numa_node node{id, cpus ? *cpus : ""};
    const std::string prefix = "Node " + std::to_string(id) + " ";
    node.total = kib_after(*text, prefix + "MemTotal:").value_or(0);
    node.free = kib_after(*text, prefix + "MemFree:").value_or(0);
    node.cache = kib_after(*text, prefix + "Active(file):").value_or(0) +
                 kib_after(*text, prefix + "Inactive(file):").value_or(0);
    node.allowed = detail::names_node(allowed, id);
    nodes.push_back(node);
  }
  // A list that leaves no memory at all cannot be that of a process that runs.
  const bool none = std::none_of(nodes.begin(), nodes.end(),
                                 [](const numa_node& each) { return each.allowed && each.total != 0; });
  for (numa_node& each : nodes) each.allowed = each.allowed || none;
  return nodes;
}

/// All memory of the system in bytes. It includes HBM that is online as a NUMA node.
inline std::optional<std::uint64_t> read_memory_total(files& from) {
  const auto text = from.read("/proc/meminfo");
  return text ? kib_after(*text, "MemTotal:") : std::nullopt;
}

}  // namespace cmm::platform
