#pragma once

#include <string>
#include <string_view>

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

namespace detail {

/// Whether every line such as "4:memory:/" names the top, as in a container with a namespace of its own.
inline bool all_at_the_top(std::string_view groups) {
  bool all = !trimmed(groups).empty();
  each_line(groups, [&](std::string_view line) { all = all && trimmed(line).ends_with(":/"); });
  return all;
}

/// By what container engines leave, by the name of the control group, and by being cut off from those above.
inline fact<bool> in_container(files& from) {
  for (const char* path :
       {"/.dockerenv", "/run/.containerenv", "/run/systemd/container", "/.singularity.d/labels.json",
        "/var/run/secrets/kubernetes.io/serviceaccount/namespace",
        "/run/secrets/kubernetes.io/serviceaccount/namespace"}) {
    if (from.exists(path)) return reported(true, path);
  }
  const std::string path = "/proc/self/cgroup";
  const std::string groups = from.read(path).value_or("");
  for (const char* name : {"docker", "kubepods", "containerd", "libpod", "lxc", "crio", "buildkit"}) {
    if (groups.find(name) != std::string::npos) return inferred(true, path + " names " + name);
  }
  if (from.read("/sys/fs/cgroup/memory.max")) {
    return inferred(true, "the uppermost control group has a limit file, which the system's own has not");
  }
  if (all_at_the_top(groups)) {
    return unknown{path + " names no group, as in many containers and on few other systems"};
  }
  return inferred(false, "none of the files that container engines leave");
}

}  // namespace detail

/// Reads what the kernel, the control groups and the firmware tell of it.
inline surroundings read_surroundings(files& from) {
  surroundings known;
  constexpr const char* release = "/proc/sys/kernel/osrelease";
  if (const auto line = from.line(release)) {
    const bool wsl = line->find("icrosoft") != std::string::npos || line->find("WSL") != std::string::npos;
    known.wsl = reported(wsl, release);
  } else {
    known.wsl = unknown{from.why_not(release)};
  }

  known.container = detail::in_container(from);

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
