#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "description.hpp"
#include "egm_regions.hpp"
#include "iomem.hpp"
#include "modes.hpp"
#include "roles.hpp"

namespace cmm::platform::detail {

/// Whether the HBM of a GPU may be part of the kernel's MemTotal.
inline bool may_be_online(const description& known, const gpu& each) {
  const bool apart = each.addressing && !each.coherent();
  const bool offline = known.memory_mode.value_or("") == "CDMM" ||
                       each.numa_node.evidence.starts_with("cudaDevAttrNumaConfig is 0");
  return !apart && !offline && !each.shares_host_memory();
}

/// HBM in MemTotal that no node shows.
inline std::uint64_t hbm_without_node(const description& known, const iomem& map) {
  std::uint64_t with_node = 0;
  for (const node& each : known.nodes) {
    if (each.role && *each.role == node_role::hbm) with_node += each.bytes;
  }
  if (map.readable()) {
    const std::uint64_t online = map.bytes(iomem::online_hbm);
    // A node tells less than its addresses are, because the kernel keeps its books there.
    return online > with_node && !about_equal(online, with_node) ? online - with_node : 0;
  }
  std::uint64_t sum = 0;
  for (const gpu& each : known.gpus) {
    if (!may_be_online(known, each)) continue;
    std::uint64_t shown = 0;
    for (const node& own : known.nodes) shown += own.gpu == each.ordinal ? own.bytes : 0;
    const std::uint64_t all = each.memory_bytes.value_or(0);
    // CUDA tells less than the kernel has, because the driver keeps a part: rather too much than too little.
    if (all > shown && !about_equal(all, shown)) sum += all + all / 20 - shown;
  }
  return sum;
}

/// Whether MemTotal could hold HBM of GPUs that this process does not see: without nodes, nothing tells.
inline bool may_hide_hbm(const description& known, const iomem& map) {
  if (map.readable() || !known.nodes.empty() || known.memory_mode.value_or("") == "CDMM") return false;
  if (known.gpus.empty()) return known.architecture.value_or("") != "x86_64";
  return std::any_of(known.gpus.begin(), known.gpus.end(),
                     [&](const gpu& each) { return may_be_online(known, each); });
}

inline void add_hbm(description& known) {
  for (const gpu& each : known.gpus) {
    if (each.shares_host_memory()) continue;
    const auto own = std::find_if(known.nodes.begin(), known.nodes.end(),
                                  [&](const node& n) { return n.gpu == each.ordinal; });
    tier memory{tier::kind::hbm, each.ordinal, own == known.nodes.end() ? -1 : own->id, each.memory_bytes};
    if (!memory.bytes && own != known.nodes.end())
      memory.bytes = inferred(own->bytes, "MemTotal of its node");
    known.tiers.push_back(memory);
  }
  for (const node& each : known.nodes) {
    if (each.role.value_or(node_role::unclear) != node_role::hbm || each.gpu >= 0) continue;
    known.tiers.push_back(
        {tier::kind::hbm, -1, each.id, inferred(each.bytes, "MemTotal of node " + std::to_string(each.id))});
  }
}

inline void add_host(description& known, const iomem& map) {
  const bool shared =
      std::any_of(known.gpus.begin(), known.gpus.end(), [](const gpu& g) { return g.shares_host_memory(); });
  const auto kind = shared ? tier::kind::unified : tier::kind::host;
  std::uint64_t in_nodes = 0;
  std::vector<std::size_t> hosts;
  for (const node& each : known.nodes) {
    in_nodes += each.bytes;
    if (each.role.value_or(node_role::unclear) != node_role::host) continue;
    hosts.push_back(known.tiers.size());
    known.tiers.push_back(
        {kind, -1, each.id, reported(each.bytes, "MemTotal of node " + std::to_string(each.id))});
  }
  const std::uint64_t elsewhere = in_nodes + hbm_without_node(known, map);
  const std::uint64_t total = known.memory_total.value_or(0);
  if (total <= elsewhere + total / 100) return;
  // Some kernels count only part of a node's memory in its meminfo.
  const std::uint64_t rest = total - elsewhere;
  if (may_hide_hbm(known, map)) {
    known.tiers.push_back(
        {kind, -1, -1, unknown{"MemTotal may include HBM, and nothing here tells how much"}});
  } else if (hosts.size() == 1) {
    fact<std::uint64_t>& only = known.tiers[hosts.front()].bytes;
    only = inferred(*only + rest, "MemTotal of /proc/meminfo, since its node shows less and is the only one");
  } else {
    known.tiers.push_back(
        {kind, -1, -1,
         inferred(rest, hosts.empty() ? "MemTotal of /proc/meminfo, less HBM that is online"
                                      : "MemTotal of /proc/meminfo, less what the nodes show")});
  }
}

inline std::uint64_t host_bytes(const description& known) {
  std::uint64_t sum = 0;
  for (const tier& each : known.tiers) {
    if (each.what == tier::kind::host) sum += each.bytes.value_or(0);
  }
  return sum;
}

/// Whether no host memory is left out for want of knowledge: what is missing then is really not there.
inline bool sees_all_host_memory(const description& known) {
  const auto vague = [](const tier& t) { return t.what == tier::kind::host && !t.bytes; };
  const auto unclear = [](const node& n) {
    return n.role.value_or(node_role::unclear) == node_role::unclear;
  };
  return host_bytes(known) != 0 && std::none_of(known.tiers.begin(), known.tiers.end(), vague) &&
         std::none_of(known.nodes.begin(), known.nodes.end(), unclear);
}

/// The LPDDR that the firmware keeps from this system. Needs the other tiers and the EGM mode.
inline void add_carve_out(description& known, const std::vector<egm_region>& regions) {
  if (known.egm_mode.value_or("") != "host") return;
  for (const egm_region& each : regions) {
    tier kept{tier::kind::carve_out, -1, -1, unknown{each.path + " is no number"}};
    if (each.bytes) kept.bytes = reported(*each.bytes, each.path);
    known.tiers.push_back(kept);
  }
  if (!regions.empty()) return;
  tier kept{tier::kind::carve_out, -1, -1, unknown{"nothing here tells its size"}};
  const std::uint64_t installed = lpddr_by_names(known);
  const std::uint64_t seen = host_bytes(known);
  if (installed > seen && sees_all_host_memory(known)) {
    kept.bytes = inferred(installed - seen, "the LPDDR by the names of the GPUs, less what this system sees");
  }
  known.tiers.push_back(kept);
}

}  // namespace cmm::platform::detail
