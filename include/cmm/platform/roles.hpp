#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "description.hpp"
#include "iomem.hpp"

namespace cmm::platform::detail {

/// Within 5 %: the driver keeps part of HBM for itself, so that node and GPU never report the same size.
constexpr bool about_equal(std::uint64_t left, std::uint64_t right) noexcept {
  const auto [low, high] = left < right ? std::pair{left, right} : std::pair{right, left};
  return high - low <= high / 20;
}

/// The size of a node that is HBM: its own, or its GPU's where the node shows too little.
inline std::uint64_t size_of_hbm(const description& known, const node& each) {
  for (const gpu& owner : known.gpus) {
    const std::uint64_t own = owner.memory_bytes.value_or(0);
    if (owner.ordinal == each.gpu && own > each.bytes && !about_equal(own, each.bytes)) return own;
  }
  return each.bytes;
}

/// Whether a node without a role could be this GPU's memory.
inline bool lacks_node(const description& known, const gpu& each) {
  const bool taken = std::any_of(known.nodes.begin(), known.nodes.end(),
                                 [&](const node& n) { return n.gpu == each.ordinal; });
  const bool apart = each.addressing && *each.addressing != "ATS";
  return !taken && !apart && !each.shares_host_memory() && each.memory_bytes;
}

/// Gives each GPU that lacks a node the nearest in size among those without a role.
inline void match_by_size(description& known, bool any_size, const std::string& evidence) {
  for (gpu& each : known.gpus) {
    if (!lacks_node(known, each)) continue;
    const auto distance = [&](const node& n) {
      return n.bytes > *each.memory_bytes ? n.bytes - *each.memory_bytes : *each.memory_bytes - n.bytes;
    };
    node* best = nullptr;
    for (node& n : known.nodes) {
      if (n.role || (!any_size && !about_equal(n.bytes, *each.memory_bytes))) continue;
      if (best == nullptr || distance(n) < distance(*best)) best = &n;
    }
    if (best == nullptr) continue;
    best->role = inferred(node_role::hbm, evidence);
    best->gpu = each.ordinal;
    each.numa_node = inferred(best->id, evidence);
  }
}

/// What needs no guess: CUDA names the node, there is no memory, or CPUs are in it.
inline void assign_known_roles(description& known) {
  for (node& each : known.nodes) {
    for (const gpu& owner : known.gpus) {
      if (owner.shares_host_memory() || !owner.numa_node || *owner.numa_node != each.id) continue;
      each.role = reported(node_role::hbm, owner.numa_node.evidence);
      each.gpu = owner.ordinal;
    }
    if (each.role) continue;
    if (each.bytes == 0) {
      each.role = reported(node_role::empty, "its MemTotal is 0");
    } else if (!each.cpus.empty()) {
      each.role = reported(node_role::host, "it has CPUs " + each.cpus);
    }
  }
}

/// Whether all nodes without a role fit into what `/proc/iomem` calls HBM and no known node accounts for.
inline bool rest_is_online_hbm(const description& known, std::uint64_t online) {
  std::uint64_t open = 0;
  std::uint64_t hbm = 0;
  for (const node& each : known.nodes) {
    if (!each.role) open += each.bytes;
    if (each.role && *each.role == node_role::hbm) hbm += size_of_hbm(known, each);
  }
  return online > hbm && open <= online - hbm;
}

/// A node that is larger than what `/proc/iomem` calls HBM and other nodes leave of it is no HBM.
inline void tell_from_hbm(description& known, const iomem& map) {
  if (!map.readable() || map.bytes(iomem::online_hbm) == 0) return;
  std::uint64_t hbm = 0;
  for (const node& each : known.nodes) {
    if (each.role && *each.role == node_role::hbm) hbm += each.bytes;
  }
  const std::uint64_t online = map.bytes(iomem::online_hbm);
  for (node& each : known.nodes) {
    if (each.role || each.bytes <= online - std::min(online, hbm)) continue;
    each.role =
        inferred(node_role::host,
                 "no CPUs, and more than the HBM in /proc/iomem that other nodes leave: CXL or the like");
  }
}

/// Memory without CPUs may be HBM, which must never pass for host memory, or CXL and the like, which is.
inline void assign_roles(description& known, const iomem& map) {
  assign_known_roles(known);
  tell_from_hbm(known, map);
  const std::string name{iomem::online_hbm};
  const std::uint64_t online = map.bytes(name);
  const bool none_online = map.readable() && online == 0;
  const std::string as_much = "no CPUs, and /proc/iomem calls as much memory \"" + name + "\"";
  if (rest_is_online_hbm(known, online)) {
    match_by_size(known, true, as_much);
  } else if (!none_online) {
    match_by_size(known, false, "no CPUs, and the size of a GPU");
  }
  const bool all_online = rest_is_online_hbm(known, online);
  for (node& each : known.nodes) {
    if (each.role) continue;
    if (all_online) {
      each.role = inferred(node_role::hbm, as_much);
    } else if (none_online) {
      each.role =
          inferred(node_role::host, "no CPUs, and /proc/iomem has no \"" + name + "\": CXL or the like");
    } else if (known.architecture.value_or("") == "x86_64" && !map.names(name)) {
      each.role =
          inferred(node_role::host, "no CPUs, and x86 has no coherent HBM of NVIDIA: CXL or the like");
    } else {
      const std::string why = map.hidden       ? "/proc/iomem hides addresses"
                              : map.readable() ? "sizes do not tell which"
                                               : map.why_not;
      each.role = inferred(node_role::unclear, "no CPUs: HBM or CXL, and " + why);
    }
  }
}

}  // namespace cmm::platform::detail
