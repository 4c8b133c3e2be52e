#pragma once

#include <cstdint>
#include <string>

#include "evidence.hpp"
#include "files.hpp"
#include "lines.hpp"

namespace cmm::platform {

/// Whether the process runs inside WSL, a container or a virtual machine, and the memory it may use.
struct surroundings {
  fact<bool> wsl = unknown{};
  fact<bool> container = unknown{};
  fact<bool> virtual_machine = unknown{};
  fact<std::uint64_t> memory_limit = unknown{};  ///< of its control group, in bytes
};

inline surroundings read_surroundings(files& from) {
  surroundings known;
  constexpr const char* release = "/proc/sys/kernel/osrelease";
  if (const auto line = from.line(release)) {
    const bool wsl = line->find("icrosoft") != std::string::npos || line->find("WSL") != std::string::npos;
    known.wsl = reported(wsl, release);
  } else {
    known.wsl = unknown{from.why_not(release)};
  }

  known.container = inferred(false, "none of the files that container engines leave");
  for (const char* path : {"/.dockerenv", "/run/.containerenv"}) {
    if (from.exists(path)) known.container = reported(true, path);
  }

  const std::string vendor = "/sys/class/dmi/id/sys_vendor";
  known.virtual_machine = unknown{vendor + " is missing"};
  if (const auto line = from.line(vendor)) {
    bool machine = false;
    for (const char* name : {"QEMU", "KVM", "VMware", "Xen", "Microsoft Corporation", "Amazon EC2", "Google",
                             "OpenStack", "Red Hat"}) {
      machine = machine || line->find(name) != std::string::npos;
    }
    known.virtual_machine = inferred(machine, vendor + " is " + *line);
  }

  constexpr const char* limit = "/sys/fs/cgroup/memory.max";
  if (const auto line = from.line(limit)) {
    const auto bytes = number(*line);
    known.memory_limit = bytes ? reported(*bytes, limit) : unknown{std::string{limit} + " sets no limit"};
  } else {
    known.memory_limit = unknown{from.why_not(limit)};
  }
  return known;
}

}  // namespace cmm::platform
