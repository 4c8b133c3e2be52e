#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "description.hpp"
#include "size_text.hpp"

namespace cmm::platform {
namespace detail {

inline std::uint64_t sum_of(const description& known, tier::kind what) {
  std::uint64_t sum = 0;
  for (const tier& each : known.tiers) sum += each.what == what ? each.bytes.value_or(0) : 0;
  return sum;
}

inline bool any_gpu(const description& known, auto&& test) {
  return std::any_of(known.gpus.begin(), known.gpus.end(), test);
}

inline void advise_on_egm(description& known) {
  const std::string mode = known.egm_mode.value_or("");
  const std::uint64_t host_bytes = sum_of(known, tier::kind::host);
  const std::string host = host_bytes == 0 ? "(unknown)" : size_text(host_bytes);
  if (mode == "host") {
    const std::uint64_t kept = sum_of(known, tier::kind::carve_out);
    known.advice.push_back(
        "The firmware is in EGM mode and keeps " +
        (kept == 0 ? "LPDDR" : "about " + size_text(kept) + " of LPDDR") +
        " for virtual machines. This system does not see it, so it cannot be used here: GPU programs have "
        "HBM and " +
        host +
        " of host memory. Run inside a virtual machine that owns it, or turn EGM mode off in the firmware: "
        "then the GPU reaches all of LPDDR.");
  } else if (mode == "guest") {
    known.advice.push_back("This virtual machine's memory is EGM: the source egm reaches all " + host +
                           " of it, and so do managed and pinned memory.");
  } else if (mode == "off" && any_gpu(known, [](const gpu& g) { return g.link.value_or("") == "C2C"; })) {
    known.advice.push_back("EGM mode is off and not needed: over C2C the GPU reaches all " + host +
                           " of host memory, as managed, pinned or malloc memory.");
  }
}

/// "1", "1 and 2", "1, 2 and 3".
inline std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    out += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  }
  return out;
}

inline void advise_on_nodes(description& known) {
  std::vector<std::string> hbm;
  for (const node& each : known.nodes) {
    const std::string number = std::to_string(each.id);
    const node_role role = each.role.value_or(node_role::unclear);
    if (role == node_role::hbm) hbm.push_back(number);
    if (role == node_role::unclear && each.bytes != 0) {
      known.advice.push_back("NUMA node " + number + " has " + size_text(each.bytes) +
                             " and no CPUs, and it is not clear whether that is HBM; it is counted nowhere. "
                             "Run the probe as root, or with a GPU.");
    }
  }
  if (!hbm.empty()) {
    known.advice.push_back(
        hbm.size() == 1 ? "NUMA node " + hbm[0] +
                              " is HBM and no further memory: free and MemTotal count it, so never add it to "
                              "what the GPU has. Keep host data off it with numactl --membind."
                        : "NUMA nodes " + listed(hbm) +
                              " are HBM and no further memory: free and MemTotal count them, so never add "
                              "them to what the GPUs have. Keep host data off them with numactl --membind.");
  }
  std::uint64_t in_nodes = 0;
  for (const node& each : known.nodes) in_nodes += each.bytes;
  const std::uint64_t total = known.memory_total.value_or(0);
  if (in_nodes != 0 && total > in_nodes + total / 100) {
    known.advice.push_back("The NUMA nodes show " + size_text(in_nodes) + ", /proc/meminfo shows " +
                           size_text(total) + ": take the sizes of nodes with care.");
  }
}

inline void advise_on_modes(description& known) {
  const std::string mode = known.memory_mode.value_or("");
  if (mode == "CDMM") {
    known.advice.emplace_back(
        "CDMM: the driver keeps HBM to itself. Memory of malloc stays on the host, and prefetching it to the "
        "GPU "
        "succeeds without moving it; use managed or device for what must be in HBM.");
  } else if (mode == "NUMA" && known.pages.base.value_or(0) == 4096) {
    known.advice.emplace_back(
        "Host pages are 4 KiB: malloc memory that the CPU touched first stays where it is, since access "
        "counters "
        "do not move such pages. Prefetch it, or use managed.");
  } else if (mode == "shared") {
    known.advice.emplace_back(
        "CPU and GPU share one memory: nothing migrates, device and host take from the same bytes, and the "
        "page "
        "cache counts against both. Do not add the two.");
  }
  if (any_gpu(known, [](const gpu& g) {
        return g.managed.value_or(false) && !g.concurrent_managed.value_or(true);
      })) {
    known.advice.emplace_back(
        "No concurrent managed access (as in WSL): prefetch and advice are skipped, managed memory cannot "
        "exceed "
        "the GPU's, and the CPU must not touch it while a kernel runs. Prefer device and pinned memory.");
  }
  if (any_gpu(known, [](const gpu& g) {
        return g.link.value_or("") == "PCIe" && g.concurrent_managed.value_or(false);
      })) {
    known.advice.emplace_back(
        "The GPU reaches host memory at the speed of PCIe. Keep hot data in HBM; read cold KV blocks in "
        "place "
        "(egm_numa) instead of faulting them in.");
  }
  if (any_gpu(known, [](const gpu& g) { return g.addressing.value_or("") == "none"; }) &&
      known.driver.hmm_allowed.value_or(false)) {
    known.advice.emplace_back(
        "The GPU does not read malloc memory although the driver allows HMM: the source "
        "system does not work. The kernel may lack it (CONFIG_DEVICE_PRIVATE).");
  }
}

}  // namespace detail

/// Fills `advice` with what the facts mean for someone who places memory.
inline void advise(description& known) {
  known.advice.clear();
  if (known.gpus.empty()) {
    const bool has_toolkit = known.no_gpu.find("without a CUDA toolkit") == std::string::npos;
    known.advice.push_back("No GPU answered (" + known.no_gpu +
                           "), so nothing is known of what one could reach. On a machine with a GPU, " +
                           (has_toolkit
                                ? "look at nvidia-smi first."
                                : "install a CUDA toolkit of version 13 or newer and build it again."));
  }
  detail::advise_on_egm(known);
  detail::advise_on_modes(known);
  detail::advise_on_nodes(known);
  for (const gpu& each : known.gpus) {
    const auto now = each.link_rate.evidence.find(", now trained to ");
    if (now != std::string::npos) {
      known.advice.push_back(
          "The PCIe link of GPU " + std::to_string(each.ordinal) + " is" +
          each.link_rate.evidence.substr(now + 1) +
          ", below its best. Idle GPUs do that; if it stays so under load, look at the slot.");
    }
  }
  for (const std::string& each : known.host_memory.assumed) known.advice.push_back(each + ".");
  for (const node& each : known.nodes) {
    const bool much =
        each.cache_bytes > each.bytes / 20 && each.role.value_or(node_role::unclear) == node_role::hbm;
    if (!much) continue;
    known.advice.push_back("Page cache of files takes " + size_text(each.cache_bytes) +
                           " of the HBM on NUMA node " + std::to_string(each.id) +
                           ". Drop it as root by echo 1 > /proc/sys/vm/drop_caches, and read files under "
                           "numactl --membind to keep them off it.");
  }
  const std::uint64_t limit = known.host_memory.limit.value_or(0);
  if (limit != 0 && limit < known.memory_total.value_or(0)) {
    known.advice.push_back("This process may use " + size_text(limit) +
                           " of host memory (limit of its control group), whatever the tiers hold.");
  }
}

}  // namespace cmm::platform
