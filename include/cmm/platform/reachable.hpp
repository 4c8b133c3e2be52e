#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "description.hpp"

namespace cmm::platform {

/// The sources of cmm that can be asked for memory, as `reach::source` names them.
inline constexpr std::array source_names{"device", "managed", "managed_pool", "egm", "system"};

namespace detail {

constexpr certainty weaker(certainty left, certainty right) noexcept { return left < right ? right : left; }

inline fact<std::uint64_t> all_of(const tier& memory, certainty rule, const std::string& why) {
  if (!memory.bytes) return unknown{memory.bytes.evidence};
  return {*memory.bytes, weaker(memory.bytes.how, rule), why};
}
inline fact<std::uint64_t> nothing(certainty rule, const std::string& why) {
  return {std::uint64_t{0}, rule, why};
}

/// All of a tier where a flag is set, nothing where it is not, unknown where it is unknown.
inline fact<std::uint64_t> by_flag(const fact<bool>& flag, const tier& memory, const std::string& yes,
                                   const std::string& no) {
  if (!flag) return unknown{flag.evidence};
  return *flag ? all_of(memory, flag.how, yes + " (" + flag.evidence + ")")
               : nothing(flag.how, no + " (" + flag.evidence + ")");
}

/// A flag that holds if it holds for one of the GPUs.
inline fact<bool> any(const description& known, fact<bool> gpu::*flag) {
  fact<bool> best = unknown{"no GPU answered"};
  for (const gpu& each : known.gpus) {
    const fact<bool>& own = each.*flag;
    if (!best || (own && *own && !*best)) best = own;
  }
  return best;
}

inline const gpu* find_gpu(const description& known, int ordinal) {
  const auto found =
      std::find_if(known.gpus.begin(), known.gpus.end(), [&](const gpu& g) { return g.ordinal == ordinal; });
  return found == known.gpus.end() ? nullptr : &*found;
}

inline fact<std::uint64_t> by_device(const description& known, const tier& memory) {
  if (memory.what == tier::kind::host)
    return nothing(certainty::reported, "cudaMalloc gives memory of the GPU only");
  if (memory.what == tier::kind::hbm) return all_of(memory, certainty::reported, "cudaMalloc");
  for (const gpu& each : known.gpus) {
    if (!each.shares_host_memory() || !each.memory_bytes || !memory.bytes) continue;
    return {std::min(*each.memory_bytes, *memory.bytes), weaker(each.memory_bytes.how, memory.bytes.how),
            "cudaMalloc takes from the shared memory"};
  }
  return unknown{"no GPU tells how much of the shared memory it takes"};
}

inline fact<std::uint64_t> by_managed(const description& known, const tier& memory) {
  if (memory.what == tier::kind::unified) {
    return by_flag(any(known, &gpu::managed), memory, "managed pages are in the one memory of CPU and GPU",
                   "no managed memory");
  }
  if (memory.what != tier::kind::hbm) {
    return by_flag(any(known, &gpu::concurrent_managed), memory, "managed pages move or stay there",
                   "managed memory cannot exceed the GPU's here");
  }
  return by_flag(find_gpu(known, memory.gpu)->managed, memory, "managed pages move there",
                 "no managed memory");
}

inline fact<std::uint64_t> by_managed_pool(const description& known, const tier& memory) {
  const fact<bool> pools = memory.what == tier::kind::hbm ? find_gpu(known, memory.gpu)->managed_pools
                                                          : any(known, &gpu::managed_pools);
  return by_flag(pools, memory, "pools of managed memory, from CUDA 13 on",
                 "pools of managed memory need memory pools and concurrent managed access");
}

inline fact<std::uint64_t> by_egm(const description& known, const tier& memory) {
  if (memory.what == tier::kind::hbm) {
    return nothing(certainty::reported, "a pinned pool on a host NUMA node takes no memory of the GPU");
  }
  const bool node_known =
      memory.node >= 0 || std::any_of(known.gpus.begin(), known.gpus.end(),
                                      [](const gpu& g) { return g.nearest_node.value.has_value(); });
  if (!node_known) return unknown{"no NUMA node of the host is known"};
  const bool c2c = std::any_of(known.gpus.begin(), known.gpus.end(),
                               [](const gpu& g) { return g.link.value_or("") == "C2C"; });
  const bool guest = known.egm_mode.value_or("") == "guest";
  const char* const how = guest                                ? "all memory of this virtual machine is EGM"
                          : memory.what == tier::kind::unified ? "a pinned pool on the node"
                          : c2c                                ? "a pinned pool on the node, read over C2C"
                                                               : "a pinned pool on the node, read over PCIe";
  return by_flag(any(known, &gpu::host_numa_pools), memory, how, "no pools on host NUMA nodes");
}

inline fact<std::uint64_t> by_system(const description& known, const tier& memory) {
  fact<std::string> way = unknown{"no GPU answered"};
  for (const gpu& each : known.gpus) {
    const bool own = memory.what != tier::kind::hbm || memory.gpu < 0 || memory.gpu == each.ordinal;
    if (own && (!way || (each.addressing && *each.addressing != "none"))) way = each.addressing;
  }
  if (!way) return unknown{way.evidence};
  if (*way == "none") return nothing(way.how, "no GPU reads malloc memory (" + way.evidence + ")");
  const std::string because = *way + ": " + way.evidence;
  if (memory.what != tier::kind::hbm) return all_of(memory, way.how, because);
  if (*way == "HMM") return all_of(memory, certainty::inferred, "HMM moves malloc pages there");
  if (memory.node >= 0)
    return all_of(memory, certainty::inferred, "the system can put malloc pages on its node");
  if (known.memory_mode.value_or("") == "CDMM") {
    return nothing(known.memory_mode.how, "CDMM: malloc pages never live in HBM");
  }
  return unknown{"it is not known whether HBM is a NUMA node"};
}

inline fact<std::uint64_t> by_source(const description& known, const std::string& source,
                                     const tier& memory) {
  if (memory.what == tier::kind::carve_out) {
    return nothing(certainty::inferred,
                   "the carve-out belongs to virtual machines; this system does not see it");
  }
  if (known.gpus.empty()) return unknown{"no GPU answered"};
  if (memory.what == tier::kind::hbm && memory.gpu < 0 && source != "system") {
    return nothing(certainty::inferred, "it belongs to a GPU that this process does not see");
  }
  if (source == "device") return by_device(known, memory);
  if (source == "managed") return by_managed(known, memory);
  if (source == "managed_pool") return by_managed_pool(known, memory);
  if (source == "egm") return by_egm(known, memory);
  return by_system(known, memory);
}

}  // namespace detail

/// Fills `reachable` from GPUs, modes and tiers: for each source, how much of each tier it can hand out.
inline void find_reachable(description& known) {
  known.reachable.clear();
  for (const char* source : source_names) {
    for (std::size_t i = 0; i < known.tiers.size(); ++i) {
      known.reachable.push_back({source, i, detail::by_source(known, source, known.tiers[i])});
    }
  }
}

}  // namespace cmm::platform
