#pragma once

#include <string>

#include "evidence.hpp"
#include "files.hpp"
#include "lines.hpp"

namespace cmm::platform {

/// Whether the process runs inside WSL, a container or a virtual machine, or none of them.
struct surroundings {
  fact<bool> wsl = unknown{};
  fact<bool> container = unknown{};
  fact<bool> virtual_machine = unknown{};
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

  return known;
}

}  // namespace cmm::platform
