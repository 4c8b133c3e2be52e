#pragma once

#include "../measure/format.hpp"
#include "host_memory.hpp"

namespace cmm::bench::bandwidth {

/// A way across the link between CPU and GPU.
struct route {
  const char* what;    ///< h2d, d2h or both
  const char* engine;  ///< copy or sm
  const char* op;      ///< read, write or copy; what a kernel does, "copy" for the copy engine
};

/// Puts the work of one sample into the streams: `bytes` each way.
template <workload Workload>
void cross(Workload& work, const route& way, char* host, char* gpu, std::size_t bytes) {
  const std::string_view what = way.what;
  const std::string_view op = way.op;
  if (what == "both") {
    if (std::string_view{way.engine} == "sm") {
      return work.exchange_by_kernel({gpu, host, bytes}, {host + bytes, gpu + bytes, bytes});
    }
    constexpr std::size_t turns = 4;  // so that neither direction is long alone at the end
    for (std::size_t i = 0; i < turns; ++i) {
      const std::size_t at = i * bytes / turns;
      work.copy(gpu + at, host + at, bytes / turns, work.stream());
      work.copy(host + bytes + at, gpu + bytes + at, bytes / turns, work.other_stream());
    }
    return;
  }
  char* const to = what == "h2d" ? gpu : host;
  const char* const from = what == "h2d" ? host : gpu;
  if (op == "read") return work.read(host, bytes, 0);
  if (op == "write") return work.write(host, bytes, 0);
  if (std::string_view{way.engine} == "sm") return work.copy_by_kernel(to, from, bytes);
  work.copy(to, from, bytes, work.stream());
}

template <workload Workload>
bound link_limit(suite<Workload>& s, const route& way, std::size_t bytes) {
  const peaks most = s.work().peak();
  const bool both = std::string_view{way.what} == "both";
  return s.limits().published(both ? most.link_both : most.link, static_cast<double>(bytes),
                              both ? "link or host memory, both ways" : "link or host memory, one way");
}

template <workload Workload>
void add_route(suite<Workload>& s, const route& way, host_kind kind, int node, std::size_t wanted) {
  const std::size_t bytes = kind == host_kind::managed ? s.fitting(wanted) : wanted;
  std::string name = row_name("bandwidth", {{"what", way.what},
                                            {"engine", way.engine},
                                            {"op", way.op},
                                            {"memory", name_of(kind)},
                                            {"bytes", format_size(bytes)}});
  if (has_node(s, kind)) name += "/node:" + std::to_string(node);
  s.row(name, [&s, way, kind, node, bytes](sample_sink& sink) {
    const bool two_ways = std::string_view{way.what} == "both";
    sink.bytes = two_ways ? 2 * bytes : bytes;
    sink.limit = link_limit(s, way, sink.bytes);
    auto gpu_memory = build(device{}, s.api());
    const held gpu{gpu_memory, sink.bytes, s.work().stream()};
    with_host_memory(s, kind, node, sink.bytes, [&](char* host) {
      const auto once = [&] { cross(s.work(), way, host, gpu.data(), bytes); };
      (void)elapsed(s.work(), once);
      s.repeat(sink, {.few = 5, .most = 25},
               [&] { return two_ways ? elapsed(s.work(), once) : s.work().gpu_time(once); });
    });
  });
}

/// Many copies of one block size, scattered over pinned memory: one call for each, or one call for all.
template <workload Workload>
void add_blocks(suite<Workload>& s, const std::string& engine, std::size_t block) {
  const std::size_t bytes = 64_MiB;
  s.row(row_name("bandwidth", {{"what", "h2d"},
                               {"engine", engine},
                               {"op", "copy"},
                               {"memory", "pinned"},
                               {"block", format_size(block)},
                               {"bytes", format_size(bytes)}}),
        [&s, engine, block, bytes](sample_sink& sink) {
          sink.bytes = bytes;
          sink.limit = s.limits().h2d(bytes);
          auto gpu_memory = build(device{}, s.api());
          const held gpu{gpu_memory, bytes, s.work().stream()};
          const pinned_buffer host{s.work(), 2 * bytes};
          std::vector<copy_range> copies;
          for (std::size_t at = 0; at < bytes;
               at += block) {  // every other block, so that none can be joined
            copies.push_back({gpu.data() + at, host.data() + 2 * at, block});
          }
          s.repeat(sink, {.few = 5, .most = 25}, [&] {
            return elapsed(s.work(), [&] {
              if (engine == "copy_batch") return s.work().copy_batch(copies);
              for (const copy_range& each : copies) {
                s.work().copy(each.to, each.from, each.bytes, s.work().stream());
              }
            });
          });
        });
}

template <workload Workload>
void add_link(suite<Workload>& s) {
  constexpr route copies[] = {{"h2d", "copy", "copy"}, {"d2h", "copy", "copy"}, {"both", "copy", "copy"}};
  constexpr route kernels[] = {{"h2d", "sm", "read"},
                               {"d2h", "sm", "write"},
                               {"h2d", "sm", "copy"},
                               {"d2h", "sm", "copy"},
                               {"both", "sm", "copy"}};
  constexpr host_kind kinds[] = {host_kind::pinned, host_kind::managed, host_kind::egm, host_kind::system};
  for (const host_kind kind : kinds) {
    for (const int node : nodes_of(s, kind)) {
      for (const route& way : copies) add_route(s, way, kind, node, 256_MiB);
      for (const route& way : kernels) add_route(s, way, kind, node, 256_MiB);
    }
  }
  const int nearest = s.work().numa_nodes().front();
  for (const std::size_t bytes : {64_KiB, 1_MiB, 16_MiB}) {
    for (const route& way : {copies[0], copies[1]}) add_route(s, way, host_kind::pinned, nearest, bytes);
  }
  for (const std::size_t block : {16_KiB, 64_KiB, 256_KiB, 2_MiB}) {
    for (const char* engine : {"copy", "copy_batch"}) add_blocks(s, engine, block);
  }
}

}  // namespace cmm::bench::bandwidth
