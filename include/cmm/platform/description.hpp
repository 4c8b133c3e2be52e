#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "driver.hpp"
#include "evidence.hpp"
#include "pages.hpp"
#include "surroundings.hpp"

namespace cmm::platform {

/// One GPU. Bytes are bytes, rates are GB/s (1e9 bytes per second).
struct gpu {
  int ordinal = 0;
  std::string name{};
  fact<std::string> bus = unknown{};
  fact<std::uint64_t> memory_bytes = unknown{};
  fact<std::uint64_t> free_bytes = unknown{};
  fact<double> memory_rate = unknown{};      ///< peak of its memory: 2 x clock x bus width
  fact<std::string> link = unknown{};        ///< to the host: "PCIe", "C2C" or "shared memory"
  fact<double> link_rate = unknown{};        ///< peak of that link in one direction
  fact<int> numa_node = unknown{};           ///< the node that is its memory
  fact<int> nearest_node = unknown{};        ///< the host node next to it
  fact<std::string> addressing = unknown{};  ///< of malloc memory: "ATS", "HMM" or "none"
  fact<bool> managed = unknown{};
  fact<bool> concurrent_managed = unknown{};
  fact<bool> managed_pools = unknown{};
  fact<bool> host_numa_pools = unknown{};
  fact<bool> integrated = unknown{};  ///< its memory is the host's memory
  fact<bool> egm = unknown{};         ///< NVML capability bit
  fact<std::string> virtualization = unknown{};
  fact<std::string> compute_capability = unknown{};

  static void fields(auto& self, auto&& visit) {
    visit("bus", self.bus);
    visit("memory_bytes", self.memory_bytes);
    visit("free_bytes", self.free_bytes);
    visit("memory_rate", self.memory_rate);
    visit("link", self.link);
    visit("link_rate", self.link_rate);
    visit("numa_node", self.numa_node);
    visit("nearest_node", self.nearest_node);
    visit("addressing", self.addressing);
    visit("managed", self.managed);
    visit("concurrent_managed", self.concurrent_managed);
    visit("managed_pools", self.managed_pools);
    visit("host_numa_pools", self.host_numa_pools);
    visit("integrated", self.integrated);
    visit("egm", self.egm);
    visit("virtualization", self.virtualization);
    visit("compute_capability", self.compute_capability);
  }

  /// Whether its memory is that of the CPU.
  [[nodiscard]] bool shares_host_memory() const { return integrated.value_or(false); }
  /// Whether CPU and GPU read each other's memory through caches that hardware keeps right.
  [[nodiscard]] bool coherent() const {
    return !shares_host_memory() && (addressing.value_or("") == "ATS" || link.value_or("") == "C2C");
  }
};

/// Host memory that this process may use, as it is now.
struct usable_memory {
  fact<std::uint64_t> available = unknown{};  ///< what the kernel gives without swapping, HBM left out
  fact<std::uint64_t> limit = unknown{};      ///< of the control group that has least left
  fact<std::uint64_t> used = unknown{};       ///< of that group, without page cache
  fact<std::uint64_t> left = unknown{};
  fact<std::uint64_t> usable = unknown{};  ///< the lesser of `available` and `left`
  std::vector<std::string> assumed{};      ///< what could not be known, in sentences

  static void fields(auto& self, auto&& visit) {
    visit("available_bytes", self.available);
    visit("limit_bytes", self.limit);
    visit("used_bytes", self.used);
    visit("left_bytes", self.left);
    visit("usable_bytes", self.usable);
  }
};

/// What a NUMA node holds. `unclear` memory is counted nowhere.
enum class node_role : unsigned char { host, hbm, empty, unclear };

/// The role in words: "HBM", "host memory".
constexpr const char* to_text(node_role role) noexcept {
  constexpr const char* names[] = {"host memory", "HBM", "no memory", "unclear"};
  return names[static_cast<int>(role)];
}

/// A NUMA node, its CPUs as the kernel lists them, and its memory in bytes.
struct node {
  int id = 0;
  std::string cpus{};
  std::uint64_t bytes = 0;
  std::uint64_t free_bytes = 0;
  std::uint64_t cache_bytes = 0;  ///< page cache, which the kernel gives back
  bool allowed = true;            ///< by the CPU set of this process
  /// What its memory is.
  fact<node_role> role = unknown{};
  int gpu = -1;  ///< whose HBM it is; -1 for none or one this process does not see
};

/// Physical memory: each byte of the machine is in at most one tier.
struct tier {
  enum class kind : unsigned char { hbm, host, unified, carve_out };
  static constexpr const char* kind_names[] = {"hbm", "host", "unified", "carve_out"};

  /// Which kind of memory.
  kind what = kind::host;
  int gpu = -1;   ///< of HBM, if the process sees it
  int node = -1;  ///< the NUMA node, if there is one
  fact<std::uint64_t> bytes = unknown{};

  [[nodiscard]] std::string name() const {
    const std::string at = node < 0 ? "" : "node " + std::to_string(node);
    switch (what) {
      case kind::hbm:
        return "memory of " + (gpu < 0 ? std::string{"another GPU"} : "GPU " + std::to_string(gpu)) +
               (at.empty() ? "" : ", " + at);
      case kind::host: return at.empty() ? "host memory" : "host memory, " + at;
      case kind::unified: return at.empty() ? "memory of CPU and GPU" : "memory of CPU and GPU, " + at;
      case kind::carve_out: break;
    }
    return at.empty() ? "EGM carve-out" : "EGM carve-out, " + at;
  }
};

/// How much of a tier a source of cmm can hand out: an upper bound, because the system uses some itself.
struct reach {
  std::string source{};
  std::size_t tier = 0;  ///< index into `description::tiers`
  fact<std::uint64_t> bytes = unknown{};
  std::uint64_t verified_bytes = 0;  ///< the largest block that was tried and found there; `bytes` was not
};

/// All that is known of a machine's memory.
struct description {
  std::vector<platform::gpu> gpus{};
  driver_settings driver{};
  page_sizes pages{};
  platform::surroundings surroundings{};
  usable_memory host_memory{};
  fact<std::string> architecture = unknown{};
  fact<std::string> cuda_driver = unknown{};
  fact<std::string> cuda_runtime = unknown{};
  fact<std::string> memory_mode = unknown{};     ///< "NUMA", "CDMM", "separate" or "shared"
  fact<std::string> egm_mode = unknown{};        ///< "off", "host" or "guest"
  fact<std::uint64_t> memory_total = unknown{};  ///< MemTotal in bytes, HBM that is online included
  std::string no_gpu{};                          ///< why no GPU answered, and what helps
  std::vector<node> nodes{};
  std::vector<tier> tiers{};
  std::vector<reach> reachable{};
  std::vector<std::string> advice{};
  std::vector<std::string> unseen{};

  static void fields(auto& self, auto&& visit) {
    visit("architecture", self.architecture);
    visit("driver", self.driver.version);
    visit("driver_modules", self.driver.modules);
    visit("cuda_driver", self.cuda_driver);
    visit("cuda_runtime", self.cuda_runtime);
    visit("memory_mode", self.memory_mode);
    visit("egm_mode", self.egm_mode);
    visit("hmm_allowed", self.driver.hmm_allowed);
    visit("ats_allowed", self.driver.ats_allowed);
    visit("access_counters", self.driver.access_counters);
    visit("host_page_bytes", self.pages.base);
    visit("transparent_huge_pages", self.pages.transparent_huge);
    visit("transparent_huge_page_bytes", self.pages.transparent_huge_bytes);
    visit("memory_total_bytes", self.memory_total);
    visit("memory_limit_bytes", self.host_memory.limit);
    visit("wsl", self.surroundings.wsl);
    visit("container", self.surroundings.container);
    visit("virtual_machine", self.surroundings.virtual_machine);
  }

  /// The bytes of a tier that a source reaches; unknown for a pair that there is not.
  [[nodiscard]] fact<std::uint64_t> reaches(const std::string& source, std::size_t of_tier) const {
    for (const reach& r : reachable) {
      if (r.source == source && r.tier == of_tier) return r.bytes;
    }
    return unknown{"there is no such source or tier"};
  }
  /// The bytes that a source reaches in all tiers together.
  [[nodiscard]] std::uint64_t reaches(const std::string& source) const {
    std::uint64_t sum = 0;
    for (const reach& r : reachable) sum += r.source == source ? r.bytes.value_or(0) : 0;
    return sum;
  }
};

}  // namespace cmm::platform
