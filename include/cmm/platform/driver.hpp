#pragma once

#include <map>
#include <string>
#include <string_view>

#include "evidence.hpp"
#include "files.hpp"
#include "lines.hpp"

namespace cmm::platform {

/// How the NVIDIA driver was loaded: its version and the settings that decide where memory lives.
struct driver_settings {
  fact<std::string> version = unknown{};
  fact<std::string> modules = unknown{};      ///< "open" or "proprietary"
  fact<std::string> memory_mode = unknown{};  ///< CoherentGPUMemoryMode: "driver", "numa", or "" by default
  fact<bool> manages_numa = unknown{};        ///< EnableUserNUMAManagement
  fact<bool> hmm_allowed = unknown{};
  fact<bool> ats_allowed = unknown{};
  fact<std::string> access_counters = unknown{};  ///< "on", "off", or "default" (on where there is ATS)
  std::map<std::string, std::string> uvm{};       ///< module parameters as they are set

  [[nodiscard]] bool loaded() const { return version.value.has_value() || !uvm.empty(); }
};

namespace detail {

inline constexpr const char* driver_parameters = "/proc/driver/nvidia/params";

/// One setting of the driver, without the quotes around text.
inline fact<std::string> driver_parameter(files& from, const std::string& name) {
  const auto text = from.read(driver_parameters);
  if (!text) return unknown{from.why_not(driver_parameters)};
  const auto value = after(*text, name + ":");
  if (!value) return unknown{std::string{driver_parameters} + " has no " + name};
  std::string_view bare = *value;
  if (bare.size() >= 2 && bare.front() == '"' && bare.back() == '"') bare = bare.substr(1, bare.size() - 2);
  return reported(std::string{bare},
                  std::string{driver_parameters} + ": " + name + " is " + std::string{*value});
}

inline fact<bool> uvm_flag(const driver_settings& known, const std::string& name, bool negated) {
  const auto found = known.uvm.find(name);
  if (found == known.uvm.end()) return unknown{"nvidia_uvm shows no parameter " + name};
  const bool set = found->second == "Y" || found->second == "1";
  return reported(set != negated, "nvidia_uvm: " + name + " is " + found->second);
}

}  // namespace detail

/// Reads `/proc/driver/nvidia` and the parameters of the module.
inline driver_settings read_driver(files& from) {
  driver_settings known;
  constexpr const char* version_path = "/proc/driver/nvidia/version";
  if (const auto text = from.read(version_path)) {
    const auto line = after(*text, "NVRM version:");
    const bool open = line && line->find("Open Kernel Module") != std::string_view::npos;
    known.modules = reported(std::string{open ? "open" : "proprietary"}, version_path);
    // The version is the first word that starts with a digit and has a dot.
    for (std::string_view rest = line.value_or(""); !rest.empty() && !known.version;) {
      const auto end = rest.find(' ');
      const std::string_view word = rest.substr(0, end);
      if (number(word) && word.find('.') != std::string_view::npos) {
        known.version = reported(std::string{word}, version_path);
      }
      rest = end == std::string_view::npos ? std::string_view{} : trimmed(rest.substr(end));
    }
  } else {
    known.version = known.modules = unknown{from.why_not(version_path)};
  }
  known.memory_mode = detail::driver_parameter(from, "CoherentGPUMemoryMode");
  if (const auto numa = detail::driver_parameter(from, "EnableUserNUMAManagement")) {
    known.manages_numa = reported(*numa != "0", numa.evidence);
  } else {
    known.manages_numa = unknown{numa.evidence};
  }

  for (const char* name :
       {"uvm_disable_hmm", "uvm_ats_mode", "uvm_perf_access_counter_migration_enable",
        "uvm_perf_access_counter_mimc_migration_enable", "uvm_perf_access_counter_threshold",
        "uvm_perf_map_remote_on_eviction", "uvm_perf_fault_batch_count", "uvm_perf_prefetch_threshold",
        "uvm_perf_thrashing_enable", "uvm_global_oversubscription"}) {
    const auto value = from.line(std::string{"/sys/module/nvidia_uvm/parameters/"} + name);
    if (value) known.uvm[name] = *value;
  }
  known.hmm_allowed = detail::uvm_flag(known, "uvm_disable_hmm", true);
  known.ats_allowed = detail::uvm_flag(known, "uvm_ats_mode", false);
  known.access_counters = unknown{"nvidia_uvm shows no setting of access counters"};
  for (const char* name :
       {"uvm_perf_access_counter_mimc_migration_enable", "uvm_perf_access_counter_migration_enable"}) {
    const auto found = known.uvm.find(name);
    if (found == known.uvm.end()) continue;
    const std::string& set = found->second;
    known.access_counters = reported<std::string>(set == "1"   ? "on"
                                                  : set == "0" ? "off"
                                                               : "default",
                                                  std::string{"nvidia_uvm: "} + name + " is " + set);
  }
  return known;
}

}  // namespace cmm::platform
