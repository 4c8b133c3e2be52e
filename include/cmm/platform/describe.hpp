#pragma once

#include <string>

#include "advice.hpp"
#include "answers.hpp"
#include "cuda_trouble.hpp"
#include "describe_gpu.hpp"
#include "description.hpp"
#include "egm_regions.hpp"
#include "files.hpp"
#include "iomem.hpp"
#include "modes.hpp"
#include "numa.hpp"
#include "reachable.hpp"
#include "roles.hpp"
#include "tiers.hpp"
#include "usable_memory.hpp"

namespace cmm::platform {
namespace detail {

/// 13000 as "13.0".
inline fact<std::string> cuda_version(const std::optional<std::int64_t>& number, const std::string& call,
                                      const std::string& missing) {
  if (!number) return unknown{missing.empty() ? call + " was not answered" : missing};
  return reported(std::to_string(*number / 1000) + "." + std::to_string(*number % 1000 / 10), call);
}

/// Why no GPU answered. An old driver answers for itself and has no GPU for a newer CUDA.
inline std::string why_no_gpu(const answers& given, const fact<std::string>& driver) {
  if (!given.gpus.empty()) return "";
  std::string why = explained(given.no_cuda.empty() ? "no GPU was found" : given.no_cuda);
  if (driver) why += "; the driver here is " + *driver;
  if (given.cuda_driver) {
    why += std::string{driver ? " and" : "; the driver here"} + " has CUDA " +
           *cuda_version(given.cuda_driver, "", "");
  }
  return why;
}

inline void name_unseen(description& known, const files& from, const answers& given, const iomem& map) {
  if (!given.no_cuda.empty()) known.unseen.push_back("CUDA: " + explained(given.no_cuda));
  if (!given.no_nvml.empty() && given.no_nvml != given.no_cuda) {
    known.unseen.push_back("NVML: " + given.no_nvml);
  }
  if (!map.why_not.empty()) known.unseen.push_back(map.why_not + ": no map of physical memory");
  if (map.hidden) known.unseen.push_back("/proc/iomem hides its addresses from this user; root sees them");
  if (known.nodes.empty()) {
    known.unseen.emplace_back("/sys/devices/system/node shows no NUMA node: host memory counts as one");
  }
  if (!known.memory_total) known.unseen.push_back(known.memory_total.evidence);
  if (!known.driver.version) known.unseen.push_back(known.driver.version.evidence + ": no driver version");
  if (known.driver.uvm.empty()) {
    known.unseen.emplace_back("/sys/module/nvidia_uvm/parameters is missing: no settings of managed memory");
  }
  for (const auto& [path, why] : from.unreadable()) {
    if (path != "/proc/iomem") known.unseen.push_back(from.why_not(path));
  }
}

}  // namespace detail

/// Describes a machine from its files and from what CUDA and NVML answered. Never fails: what cannot be seen
/// is named in `unseen`.
inline description describe(files& from, const answers& given) {
  description known;
  known.driver = read_driver(from);
  if (!known.driver.version && !given.driver.empty()) known.driver.version = reported(given.driver, "NVML");
  known.pages = read_page_sizes(from, given);
  known.surroundings = read_surroundings(from);
  if (!given.architecture.empty()) known.architecture = reported(given.architecture, "uname");
  known.cuda_driver = detail::cuda_version(given.cuda_driver, "cudaDriverGetVersion", given.no_cuda);
  known.cuda_runtime = detail::cuda_version(given.cuda_runtime, "cudaRuntimeGetVersion", given.no_cuda);
  known.no_gpu = detail::why_no_gpu(given, known.driver.version);
  const auto total = read_memory_total(from);
  known.memory_total = total ? reported(*total, "/proc/meminfo") : unknown{from.why_not("/proc/meminfo")};
  for (const gpu_answers& each : given.gpus) {
    known.gpus.push_back(describe_gpu(from, each, static_cast<int>(known.gpus.size())));
  }
  for (const numa_node& each : read_numa(from)) {
    known.nodes.push_back(
        {each.id, each.cpus, each.total, each.free, each.cache, each.allowed, unknown{}, -1});
  }

  const iomem map = read_iomem(from);
  const std::vector<egm_region> regions = read_egm_regions(from);
  detail::assign_roles(known, map);
  known.memory_mode = detail::memory_mode(known);
  detail::add_hbm(known);
  detail::add_host(known, map);
  known.egm_mode = detail::egm_mode(known, regions, detail::host_bytes(known));
  detail::add_carve_out(known, regions);
  known.host_memory = find_usable_memory(from, known, map, given.environment);
  detail::tell_container(known);
  find_reachable(known);
  advise(known);
  detail::name_unseen(known, from, given, map);
  return known;
}

/// The same for the folder that holds `proc` and `sys`: "/" for this machine.
inline description describe(const std::filesystem::path& root, const answers& given) {
  files from{root};
  return describe(from, given);
}

}  // namespace cmm::platform
