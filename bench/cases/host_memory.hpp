#pragma once

#include "../measure/suite.hpp"

namespace cmm::bench {

/// Memory of the host that the GPU reaches without moving it.
enum class host_kind : unsigned char { pinned, managed, egm, system };

constexpr const char* name_of(host_kind kind) {
  constexpr const char* names[] = {"pinned", "managed", "egm", "system"};
  return names[static_cast<std::size_t>(kind)];
}

/// The NUMA nodes on which this kind of memory can be asked for. Pinned and system memory take none: they
/// come from where the calling thread runs.
template <workload Workload>
std::vector<int> nodes_of(suite<Workload>& s, host_kind kind) {
  const std::vector<int> all = s.work().numa_nodes();
  const bool any = kind == host_kind::managed || kind == host_kind::egm;
  return any ? all : std::vector{all.front()};
}

/// Whether the name of a row must tell the node.
template <workload Workload>
bool has_node(suite<Workload>& s, host_kind kind) {
  return nodes_of(s, kind).size() > 1;
}

/// Calls `use(data)` with memory of this kind on a NUMA node, touched by the CPU.
template <workload Workload>
void with_host_memory(suite<Workload>& s, host_kind kind, int node, std::size_t bytes, auto&& use) {
  const auto with = [&](char* data) {
    s.work().cpu_write(data, bytes, 4_KiB);
    use(data);
    s.work().synchronize();
  };
  const auto from = [&](auto recipe) {
    auto memory = build(recipe, s.api());
    const held block{memory, bytes, s.work().stream()};
    with(block.data());
  };
  switch (kind) {
    case host_kind::pinned: {
      const pinned_buffer buffer{s.work(), bytes};
      return with(buffer.data());
    }
    case host_kind::managed:
      require_placement(s);
      return from(managed{} | prefer{location::host_numa(node)} | accessed_by{s.gpu()});
    case host_kind::egm:
      require(s, attribute::host_numa_pools, "the driver has no memory pools on NUMA nodes");
      return from(egm{.at = location::host_numa(node)});
    case host_kind::system:
      require(s, attribute::pageable_memory_access,
              "the GPU does not read system memory: no pageableMemoryAccess");
      return from(cmm::system{});
  }
}

}  // namespace cmm::bench
