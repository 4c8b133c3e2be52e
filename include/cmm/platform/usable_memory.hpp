#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "answers.hpp"
#include "description.hpp"
#include "files.hpp"
#include "lines.hpp"
#include "memory_groups.hpp"
#include "size_text.hpp"
#include "tiers.hpp"

namespace cmm::platform {
namespace detail {

/// Memory of a node that the kernel calls available and this process cannot use as host memory.
inline std::uint64_t available_elsewhere(const description& known) {
  std::uint64_t sum = 0;
  for (const node& each : known.nodes) {
    const auto role = each.role.value_or(node_role::unclear);
    // Of the node of a GPU the whole page cache counts: the kernel gives it back, and it is HBM.
    if (role == node_role::hbm || role == node_role::unclear || !each.allowed) {
      sum += each.free_bytes + each.cache_bytes;
    }
  }
  return sum;
}

inline std::uint64_t available_in_host_nodes(const description& known) {
  std::uint64_t sum = 0;
  for (const node& each : known.nodes) {
    if (each.role.value_or(node_role::unclear) != node_role::host || !each.allowed) continue;
    sum += each.free_bytes + each.cache_bytes;
  }
  return sum;
}

/// Whether `/proc/meminfo` is of a container and the nodes are of its host, as lxcfs has it.
inline bool meminfo_is_of_container(const description& known) {
  std::uint64_t in_nodes = 0;
  for (const node& each : known.nodes) in_nodes += each.bytes;
  const std::uint64_t total = known.memory_total.value_or(0);
  return total != 0 && total < in_nodes - in_nodes / 50;
}

/// A container that leaves nothing else behind shows itself by the memory it is given.
inline void tell_container(description& known) {
  fact<bool>& told = known.surroundings.container;
  if (told.value_or(false) || !meminfo_is_of_container(known)) return;
  told = inferred(true, "/proc/meminfo shows less than the NUMA nodes, as in a container (lxcfs)");
}

/// Nodes that may be host memory and are left out.
inline void name_unclear(usable_memory& found, const description& known) {
  std::string names;
  std::uint64_t bytes = 0;
  for (const node& each : known.nodes) {
    if (each.role.value_or(node_role::unclear) != node_role::unclear) continue;
    names += (names.empty() ? "" : ", ") + std::to_string(each.id);
    bytes += each.bytes;
  }
  if (bytes == 0) return;
  found.assumed.push_back(size_text(bytes) + " of memory without CPUs, on node " + names +
                          ", may be HBM or such as CXL memory: it is taken for HBM, and left out");
}

/// What is available by `/proc/meminfo`, of which there is no more than memory. Kernels before 3.14 have no
/// figure.
inline std::optional<std::uint64_t> told_available(usable_memory& found, std::string_view text) {
  auto told = kib_after(text, "MemAvailable:");
  if (!told) {
    const auto free = kib_after(text, "MemFree:");
    if (!free) return std::nullopt;
    told =
        *free + kib_after(text, "Active(file):").value_or(0) + kib_after(text, "Inactive(file):").value_or(0);
    found.assumed.emplace_back(
        "/proc/meminfo has no MemAvailable, so what is free or page cache is taken for it");
  }
  return std::min(*told, kib_after(text, "MemTotal:").value_or(*told));
}

/// What the kernel gives without swapping, less what of that is HBM.
inline void find_available(usable_memory& found, const description& known, std::uint64_t told,
                           const iomem& map) {
  const std::string path = "/proc/meminfo";
  if (meminfo_is_of_container(known)) {
    const std::uint64_t on_host = available_in_host_nodes(known);
    found.available = on_host < told
                          ? inferred(on_host, "what the NUMA nodes have free or as page cache")
                          : reported(told, "MemAvailable of " + path + ", which is of the container");
    found.assumed.push_back(path + " shows " + size_text(known.memory_total.value_or(0)) +
                            ", less than the NUMA nodes, so it is taken for that of a container (lxcfs)");
    return;
  }
  const std::uint64_t elsewhere = available_elsewhere(known);
  std::uint64_t unclear = 0;
  for (const node& each : known.nodes) {
    if (each.role.value_or(node_role::unclear) == node_role::unclear) unclear += each.bytes;
  }
  // A slice of a GPU may be part of a node that nothing names.
  const std::uint64_t hbm = hbm_without_node(known, map);
  const std::uint64_t unseen = hbm - std::min(hbm, unclear);
  const std::uint64_t less = elsewhere + unseen;
  name_unclear(found, known);
  if (less == 0) {
    found.available = reported(told, "MemAvailable of " + path);
    return;
  }
  found.available =
      inferred(told - std::min(told, less),
               "MemAvailable of " + path + ", less " + size_text(less) +
                   " that is free or page cache in HBM or on nodes that this process may not use");
  if (unseen != 0) {
    found.assumed.push_back(size_text(unseen) +
                            " of HBM that no NUMA node shows are taken for available in " + path +
                            ", and left out");
  }
}

inline std::optional<std::uint64_t> bytes_of_slurm(const std::map<std::string, std::string>& set) {
  const auto value = [&](const char* name) {
    const auto found = set.find(name);
    return found == set.end() ? std::nullopt : number(found->second);
  };
  constexpr std::uint64_t most = 1 << 30;  // MiB
  const auto mib = [&](std::optional<std::uint64_t> each, std::optional<std::uint64_t> times) {
    const bool sane = each && times && *each != 0 && *each < most && *times < 1 << 20;
    return sane ? std::optional{(*each << 20) * *times} : std::nullopt;
  };
  if (const auto whole = mib(value("SLURM_MEM_PER_NODE"), 1)) return whole;
  if (const auto by_cpus = mib(value("SLURM_MEM_PER_CPU"), value("SLURM_CPUS_ON_NODE"))) return by_cpus;
  return mib(value("SLURM_MEM_PER_GPU"), value("SLURM_GPUS_ON_NODE"));
}

/// A job of Slurm is limited by a group that a container often does not see.
inline void warn_of_slurm(usable_memory& found, const memory_groups& groups,
                          const std::map<std::string, std::string>& set) {
  const auto job = set.find("SLURM_JOB_ID");
  if (job == set.end() || groups.has_root) return;
  const auto whole = set.find("SLURM_MEM_PER_NODE");
  if (whole != set.end() && number(whole->second).value_or(1) == 0) return;  // --mem=0 asks for all of a node
  const auto given = bytes_of_slurm(set);
  const bool asked = std::any_of(set.begin(), set.end(),
                                 [](const auto& each) { return each.first.starts_with("SLURM_MEM_PER_"); });
  if (!asked) return;
  found.assumed.push_back(
      "Slurm gives job " + job->second + " " + (given ? size_text(*given) : "a part") +
      " of the memory of this node, and the control group that holds it to that is not seen from here" +
      (groups.found ? ", only the process's own" : "") +
      ", so take no more than Slurm gives, less what the job uses already");
}

}  // namespace detail

/// What host memory this process may really use now. Needs nodes and their roles.
inline usable_memory find_usable_memory(files& from, const description& known, const iomem& map,
                                        const std::map<std::string, std::string>& environment) {
  usable_memory found;
  const std::string path = "/proc/meminfo";
  const auto text = from.read(path);
  const auto told = detail::told_available(found, text.value_or(""));
  found.available = unknown{text ? path + " has neither MemAvailable nor MemFree" : from.why_not(path)};
  const std::uint64_t in_nodes = detail::available_in_host_nodes(known);
  if (told) {
    detail::find_available(found, known, *told, map);
  } else if (in_nodes != 0) {
    found.available = inferred(in_nodes, "what the NUMA nodes have free or as page cache");
    found.assumed.push_back(found.available.evidence + " is taken for available, since " +
                            (text ? path + " does not say it" : from.why_not(path)));
  }

  const memory_groups groups = read_memory_groups(from);
  const memory_group* const tightest = groups.tightest();
  for (const std::string& why : groups.unclear) {
    found.assumed.push_back(why + ", so that control group is taken for one without a limit");
  }
  if (tightest == nullptr) {
    found.limit = found.used = found.left =
        unknown{!groups.unclear.empty() ? groups.unclear.front()
                : groups.found          ? "no control group of this process sets a limit"
                                        : "no control group is seen"};
  } else {
    found.limit = reported(tightest->limit, tightest->limit_path);
    found.used = tightest->used ? reported(*tightest->used, "use of that group without page cache")
                                : unknown{"the use of that group is not told"};
    found.left = tightest->used ? reported(tightest->left(), "limit less use")
                                : inferred(tightest->left(), "the whole limit, since its use is not told");
  }
  detail::warn_of_slurm(found, groups, environment);

  if (detail::meminfo_is_of_container(known) && told) {
    const std::uint64_t total = *known.memory_total;
    if (!found.left || *told < *found.left) {
      found.limit = inferred(total, "MemTotal of " + path + ", which is of the container");
      found.used = inferred(total - std::min(total, *told), "MemTotal less MemAvailable of " + path);
      found.left = inferred(*told, "MemAvailable of " + path);
    }
  }
  const bool by_group = found.left && (!found.available || *found.left < *found.available);
  found.usable = by_group ? found.left : found.available;
  return found;
}

}  // namespace cmm::platform
