#pragma once

#include <cmm/platform/answers.hpp>
#include <cstdint>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace tests {

/// A machine made up at random, what is really in it, and what of that a process can see.
class random_layout {
 public:
  explicit random_layout(std::uint64_t seed) : random_{seed} {}

  std::uint64_t host = 0;       ///< bytes of host memory that the system sees
  std::uint64_t carve_out = 0;  ///< LPDDR that it does not see
  std::uint64_t hbm = 0;
  cmm::platform::answers given{};

  std::map<std::string, std::string> make() {
    std::map<std::string, std::string> into;
    const int sockets = number(1, 2);
    const bool coherent = chance(60);
    const bool integrated = !coherent && chance(20);
    const bool numa_mode = chance(60);
    const bool egm = coherent && chance(30);
    given.architecture = coherent || integrated || chance(30) ? "aarch64" : "x86_64";
    for (int i = 0; i < sockets; ++i) add_host(coherent, egm);
    if (chance(15)) add_node("", size(8, 64), false);
    const int gpus = integrated ? 1 : coherent ? (chance(75) ? sockets : 0) : number(0, 2);
    for (int i = 0; i < gpus; ++i) add_gpu(coherent, integrated, numa_mode, egm);
    if (chance(50)) add_node("", 0, false);
    // Of an HBM node that tells too little, only its GPU knows the size.
    if (!short_hbm_ && !chance(75)) given.gpus.clear();
    if (!short_hbm_ && given.gpus.size() > 1 && chance(30))
      given.gpus.erase(given.gpus.begin());  // CUDA_VISIBLE_DEVICES
    if (given.gpus.empty()) given.no_cuda = "left out at random";
    write(into, coherent && !numa_mode);
    return into;
  }

 private:
  struct node {
    std::string cpus{};
    std::uint64_t bytes = 0;
    bool hbm = false;
    std::uint64_t online = 0;  ///< what the kernel has of it
    std::uint64_t shown = 0;   ///< what its own meminfo tells
  };

  bool chance(int percent) { return number(1, 100) <= percent; }
  int number(int from, int to) { return std::uniform_int_distribution<int>{from, to}(random_); }
  /// GiB, less a random part of a percent, in whole KiB.
  std::uint64_t size(int from, int to) {
    return (static_cast<std::uint64_t>(number(from, to)) << 30) -
           (static_cast<std::uint64_t>(number(0, 2000)) << 10);
  }
  std::uint64_t part(std::uint64_t bytes, int percent) {
    return bytes / 100 * static_cast<std::uint64_t>(percent) / 1024 * 1024;
  }

  int add_node(const std::string& cpus, std::uint64_t bytes, bool is_hbm) {
    (is_hbm ? hbm : host) += bytes;
    nodes_.push_back({cpus, bytes, is_hbm, bytes, bytes});
    return static_cast<int>(nodes_.size()) - 1;
  }

  void add_host(bool grace, bool egm) {
    constexpr std::uint64_t installed = std::uint64_t{480} << 30;  // what the name of the GPU says
    const std::uint64_t kept = egm ? size(200, 470) : 0;
    const std::uint64_t seen = grace ? installed - kept : size(4, 512);
    const int made = add_node("0-" + std::to_string(number(0, 71)), seen, false);
    carve_out += kept;
    if (!chance(15)) return add_region(kept);
    nodes_[static_cast<std::size_t>(made)].shown = part(seen, number(1, 90));  // as some kernels do
    short_nodes_ = true;
    add_region(kept);
  }
  void add_region(std::uint64_t kept) {
    if (kept != 0 && chance(40)) egm_regions_.push_back(kept);
  }

  void add_gpu(bool coherent, bool integrated, bool numa_mode, bool egm) {
    cmm::platform::gpu_answers told;
    told.name = coherent ? "NVIDIA GH200 480GB" : integrated ? "NVIDIA GB10" : "NVIDIA H200";
    told.bus = "0000:0" + std::to_string(given.gpus.size() + 1) + ":00.0";
    const std::uint64_t own = integrated ? host : size(20, 190);
    int id = -1;
    if (coherent && numa_mode) {
      id = add_node("", own, true);
      node& made = nodes_.back();
      made.online = made.shown = part(own, number(97, 100));
      if (chance(15)) made.shown = part(made.online, number(1, 80));
      short_hbm_ = short_hbm_ || made.shown != made.online;
    } else if (!integrated) {
      hbm += own;
    }
    const auto answer = [&](const char* name, std::int64_t value) {
      if (!chance(12)) told.cuda[name] = value;
    };
    answer("cudaDevAttrIntegrated", integrated ? 1 : 0);
    if (integrated) told.cuda["cudaDevAttrIntegrated"] = 1;  // nothing else tells it from a GPU of its own
    answer("cudaDevAttrManagedMemory", 1);
    answer("cudaDevAttrConcurrentManagedAccess", 1);
    answer("cudaDevAttrPageableMemoryAccess", coherent || integrated ? 1 : 0);
    answer("cudaDevAttrPageableMemoryAccessUsesHostPageTables", coherent || integrated ? 1 : 0);
    answer("cudaDevAttrMemoryPoolsSupported", 1);
    answer("cudaDevAttrHostNumaMemoryPoolsSupported", 1);
    answer("cudaDevAttrHostNumaId", 0);
    answer("cudaDevAttrNumaConfig", id >= 0 ? 1 : 0);
    answer("cudaDevAttrNumaId", id);
    told.cuda["cudaMemGetInfo.total"] = static_cast<std::int64_t>(part(own, number(97, 100)));
    if (chance(70)) {
      told.nvml["c2c_enabled"] = coherent ? 1 : 0;
      told.nvml["egm_capability"] = egm ? 1 : 0;
      told.nvml["virtualization_mode"] = 0;
    }
    given.gpus.push_back(told);
  }

  void write(std::map<std::string, std::string>& into, bool cdmm) {
    std::uint64_t total = 0;
    const bool with_nodes = chance(85);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const node& each = nodes_[i];
      total += each.online;
      if (!with_nodes) continue;
      const std::string place = "/sys/devices/system/node/node" + std::to_string(i);
      into[place + "/cpulist"] = each.cpus + "\n";
      into[place + "/meminfo"] =
          "Node " + std::to_string(i) + " MemTotal: " + std::to_string(each.shown / 1024) + " kB\n";
    }
    if (short_nodes_ || chance(90))
      into["/proc/meminfo"] = "MemTotal: " + std::to_string(total / 1024) + " kB\n";
    if (chance(70)) {
      into["/proc/driver/nvidia/params"] =
          std::string{"CoherentGPUMemoryMode: "} + (cdmm ? "\"driver\"" : "\"\"") + "\n";
    }
    for (std::size_t i = 0; i < egm_regions_.size(); ++i) {
      into["/sys/class/egm/egm" + std::to_string(i + 4) + "/egm_size"] =
          std::to_string(egm_regions_[i]) + "\n";
    }
    const int map = number(0, 2);
    if (map != 0) into["/proc/iomem"] = physical_map(map == 1);
  }

  std::string physical_map(bool hidden) {
    std::string text;
    std::uint64_t at = std::uint64_t{1} << 31;
    const auto line = [&](std::uint64_t first, std::uint64_t bytes, const char* name) {
      char words[96];
      std::snprintf(words, sizeof words, "%08lx-%08lx : %s\n", hidden ? 0UL : first,
                    hidden ? 0UL : first + bytes - 1, name);
      text += words;
    };
    for (const node& each : nodes_) {
      if (each.bytes == 0) continue;
      const std::uint64_t half = each.online / 2048 * 1024;
      if (!each.hbm) {
        line(at, each.bytes, "System RAM");
      } else {
        line(at, half, "System RAM (NVIDIA)");
        line(at + half, each.online - half, "System RAM (NVIDIA)");
        if (chance(20)) line(at, half, "System RAM (NVIDIA)");
      }
      at += each.bytes + (std::uint64_t{1} << 36);
    }
    return text;
  }

  std::mt19937_64 random_;
  std::vector<node> nodes_{};
  std::vector<std::uint64_t> egm_regions_{};
  bool short_nodes_ = false;
  bool short_hbm_ = false;
};

}  // namespace tests
