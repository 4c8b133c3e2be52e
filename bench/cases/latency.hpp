#pragma once

#include "../measure/format.hpp"
#include "host_memory.hpp"

namespace cmm::bench::bandwidth {

/// Nanoseconds of one load of a chain, over memory that the caller has filled with one.
template <workload Workload>
void time_chase(suite<Workload>& s, sample_sink& sink, char* data, std::size_t bytes) {
  constexpr std::size_t steps = 4096;
  sink.limit = s.limits().cache_load();
  s.work().make_chain(data, bytes);
  s.work().read(data, bytes, 0);  // what the cache can hold is in it
  s.work().synchronize();
  (void)s.work().gpu_time([&] { s.work().chase(data, bytes, steps); });
  const double launch = s.limits().launch().nanoseconds;
  s.repeat(sink, {.few = 5, .most = 25}, [&] {
    const double time = s.work().gpu_time([&] { s.work().chase(data, bytes, steps); });
    return std::max(time - launch, 0.0) / steps;
  });
}

template <workload Workload>
std::string latency_row(const std::string& memory, std::size_t bytes) {
  return row_name("bandwidth", {{"what", "latency"}, {"memory", memory}, {"bytes", format_size(bytes)}});
}

template <workload Workload>
void add_gpu_latency(suite<Workload>& s, const std::string& memory, auto recipe, std::size_t bytes) {
  s.row(latency_row<Workload>(memory, bytes), [&s, recipe, bytes](sample_sink& sink) {
    auto allocator = build(recipe, s.api());
    const held block{allocator, bytes, s.work().stream()};
    time_chase(s, sink, block.data(), bytes);
  });
}

template <workload Workload>
void add_host_latency(suite<Workload>& s, host_kind kind, int node, std::size_t bytes) {
  std::string name = latency_row<Workload>(std::string{name_of(kind)} + "_on_host", bytes);
  if (has_node(s, kind)) name += "/node:" + std::to_string(node);
  s.row(name, [&s, kind, node, bytes](sample_sink& sink) {
    with_host_memory(s, kind, node, bytes, [&](char* data) { time_chase(s, sink, data, bytes); });
  });
}

/// Latency of loads that wait for one another, from footprints inside the caches to far beyond them.
template <workload Workload>
void add_latency(suite<Workload>& s) {
  const std::size_t most = s.fitting(1_GiB) < 1_GiB ? 256_MiB : 1_GiB;
  for (const std::size_t bytes : {4_MiB, 32_MiB, 256_MiB, most}) {
    add_gpu_latency(s, "device", device{}, bytes);
    if (bytes == 256_MiB && most == bytes) break;
  }
  add_gpu_latency(s, "managed", managed{} | prefetch{}, s.quick() ? 64_MiB : 256_MiB);
  for (const host_kind kind : {host_kind::pinned, host_kind::managed, host_kind::egm, host_kind::system}) {
    for (const int node : nodes_of(s, kind)) add_host_latency(s, kind, node, s.quick() ? 64_MiB : 256_MiB);
  }
}

}  // namespace cmm::bench::bandwidth
