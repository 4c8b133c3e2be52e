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

/// The GPU whose memory this node may be: coherent, without a node yet, and the nearest in size.
inline gpu* gpu_of_size(description& known, std::uint64_t bytes, bool any_size) {
  gpu* best = nullptr;
  const auto distance = [&](const gpu& each) {
    const std::uint64_t own = each.memory_bytes.value_or(0);
    return own > bytes ? own - bytes : bytes - own;
  };
  for (gpu& each : known.gpus) {
    const bool taken = std::any_of(known.nodes.begin(), known.nodes.end(),
                                   [&](const node& n) { return n.gpu == each.ordinal; });
    if (taken || each.shares_host_memory() || each.numa_node || !each.memory_bytes) continue;
    if (each.addressing && *each.addressing != "ATS") continue;
    if (!any_size && !about_equal(*each.memory_bytes, bytes)) continue;
    if (best == nullptr || distance(each) < distance(*best)) best = &each;
  }
  return best;
}

inline void make_hbm(node& which, gpu* owner, const std::string& evidence) {
  which.role = inferred(node_role::hbm, evidence);
  if (owner == nullptr) return;
  which.gpu = owner->ordinal;
  owner->numa_node = inferred(which.id, evidence);
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

/// Memory without CPUs may be HBM, which must never pass for host memory, or CXL and the like, which is.
inline void assign_roles(description& known, const iomem& map) {
  assign_known_roles(known);
  const std::string name{iomem::online_hbm};
  std::uint64_t open = 0;  // bytes of nodes without a role
  std::uint64_t hbm = 0;   // bytes of nodes known to be HBM
  for (const node& each : known.nodes) {
    if (!each.role) open += each.bytes;
    if (each.role && *each.role == node_role::hbm) hbm += each.bytes;
  }
  const std::uint64_t online = map.bytes(name);
  const bool none_online = map.readable() && online == 0;
  const bool all_online = online > hbm && open <= online - hbm + online / 20;
  for (node& each : known.nodes) {
    if (each.role) continue;
    gpu* owner = none_online ? nullptr : gpu_of_size(known, each.bytes, all_online);
    if (none_online) {
      each.role =
          inferred(node_role::host, "no CPUs, and /proc/iomem has no \"" + name + "\": CXL or the like");
    } else if (all_online) {
      make_hbm(each, owner, "no CPUs, and /proc/iomem calls as much memory \"" + name + "\"");
    } else if (owner != nullptr) {
      make_hbm(each, owner, "no CPUs, and the size of GPU " + std::to_string(owner->ordinal));
    } else if (!known.driver.loaded() && known.gpus.empty() && !map.names(name)) {
      each.role = inferred(node_role::host, "no CPUs, and no NVIDIA driver is loaded: CXL or the like");
    } else {
      each.role = inferred(node_role::unclear,
                           "no CPUs: HBM or CXL, and " + (map.hidden       ? "/proc/iomem hides addresses"
                                                          : map.readable() ? "sizes do not tell which"
                                                                           : map.why_not));
    }
  }
}

}  // namespace cmm::platform::detail
