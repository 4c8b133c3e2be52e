#pragma once

#include <unistd.h>

#include <cstdio>
#include <string>

#include "../core/status.hpp"

namespace cmm::platform {

/// Free and total bytes of host memory, as the kernel reports them.
inline status host_memory(std::size_t& free, std::size_t& total) {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long available = ::sysconf(_SC_AVPHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  if (pages < 0 || available < 0 || page < 0) return {errc::not_supported, "sysconf"};
  total = static_cast<std::size_t>(pages) * static_cast<std::size_t>(page);
  free = static_cast<std::size_t>(available) * static_cast<std::size_t>(page);
  return {};
}

/// Free and total bytes of one NUMA node of the host; `invalid_device` for a node that does not exist.
inline status numa_memory(int node, std::size_t& free, std::size_t& total) {
  const std::string path = "/sys/devices/system/node/node" + std::to_string(node) + "/meminfo";
  std::FILE* const file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return {errc::invalid_device, "reading the memory of a NUMA node"};
  free = total = 0;
  char line[256];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    unsigned long long kib = 0;
    if (std::sscanf(line, "Node %*d MemTotal: %llu kB", &kib) == 1) total = kib * 1024;
    if (std::sscanf(line, "Node %*d MemFree: %llu kB", &kib) == 1) free = kib * 1024;
  }
  std::fclose(file);
  return total != 0 ? status{} : status{errc::not_supported, "reading the memory of a NUMA node"};
}

}  // namespace cmm::platform
