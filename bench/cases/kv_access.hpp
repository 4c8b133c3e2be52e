#pragma once

#include <memory>

#include "kv_arena.hpp"

namespace cmm::bench {
namespace kv_access {

/// How a decode step gets at blocks that are on the host.
enum class way : unsigned char { resident, fault, remote, prefetch, batched_prefetch, copy, batched_copy };

constexpr const char* name_of(way how) {
  constexpr const char* names[] = {"resident",         "fault", "remote",      "prefetch",
                                   "batched_prefetch", "copy",  "batched_copy"};
  return names[static_cast<std::size_t>(how)];
}

/// One step of paged decoding: the blocks on the host are made reachable, then a kernel reads all blocks.
template <workload Workload>
void decode(suite<Workload>& s, way how, const step& now, char* staging) {
  Workload& work = s.work();
  switch (how) {
    case way::prefetch:
      for (const void* block : now.on_host()) work.prefetch_once(const_cast<void*>(block), now.block());
      break;
    case way::batched_prefetch: work.prefetch_batch(now.on_host(), now.block()); break;
    case way::copy:
      for (const copy_range& each : now.copies(staging))
        work.copy(each.to, each.from, each.bytes, work.stream());
      return work.gather(now.staged(staging), now.block());
    case way::batched_copy:
      work.copy_batch(now.copies(staging));
      return work.gather(now.staged(staging), now.block());
    case way::resident:
    case way::fault:
    case way::remote: break;
  }
  work.gather(now.all(), now.block());
}

/// Measures steps over an arena whose host part comes from `host_memory`; pages that moved go back in
/// between.
template <workload Workload>
void time_steps(suite<Workload>& s, sample_sink& sink, way how, const shape& size, char* host) {
  auto gpu_memory = build(device{}, s.api());
  const held gpu{gpu_memory, size.arena, s.work().stream()};
  const held staging{gpu_memory, size.step, s.work().stream()};
  step now{size, gpu.data(), host};
  const bool moves = how == way::fault || how == way::prefetch || how == way::batched_prefetch;
  const auto prepare = [&] {
    now.draw();
    if (moves) {
      detail::check(s.work().api().prefetch(host, size.arena, location::host(), s.work().stream()),
                    "moving KV blocks back to the host");
    }
    s.work().synchronize();
  };
  prepare();
  decode(s, how, now, staging.data());
  s.repeat(sink, {.few = 9, .most = 101}, [&] {
    prepare();
    return elapsed(s.work(), [&] { decode(s, how, now, staging.data()); });
  });
}

/// The link carries the blocks on the host while GPU memory gives the rest; copies are read again there.
template <workload Workload>
bound limit_of(suite<Workload>& s, const shape& size) {
  const std::size_t far = size.host_bytes();
  const bound link = s.limits().h2d(far);
  const bound near = s.limits().gpu_read(size.step - far);
  return link.nanoseconds > near.nanoseconds ? link : near;
}

template <workload Workload>
void add_step(suite<Workload>& s, way how, std::size_t block, int host_percent) {
  const std::size_t arena = s.fitting(s.quick() ? 256_MiB : 1_GiB) / (4 * block) * (4 * block);
  const shape size{.arena = arena, .step = arena / 4, .block = block, .host_percent = host_percent};
  s.row(row_name("kv_access", {{"access", name_of(how)},
                               {"block", format_size(block)},
                               {"host", std::to_string(host_percent) + "pct"},
                               {"bytes", format_size(size.step)}}),
        [&s, how, size](sample_sink& sink) {
          if (size.blocks() < 4) {
            throw skipped{"a step needs four blocks of " + size_in_full(size.block) + "; see --max-managed"};
          }
          sink.bytes = size.step;
          sink.limit = limit_of(s, size);
          const auto from = [&](auto recipe) {
            auto memory = build(recipe, s.api());
            const held host{memory, size.arena, s.work().stream()};
            s.work().cpu_write(host.data(), size.arena, 4_KiB);
            time_steps(s, sink, how, size, host.data());
          };
          switch (how) {
            case way::resident: return time_steps(s, sink, how, size, nullptr);
            case way::copy:
            case way::batched_copy: {
              const pinned_buffer host{s.work(), size.arena};
              return time_steps(s, sink, how, size, host.data());
            }
            case way::remote:
              require_placement(s);
              return from(managed{} | prefer{location::host()} | accessed_by{s.gpu()});
            case way::fault:
            case way::prefetch:
            case way::batched_prefetch: require_placement(s); return from(managed{});
          }
        });
}

}  // namespace kv_access

/// Paged decoding: each step reads a quarter of a KV cache, some of whose blocks are on the host. Time of a
/// step and bytes of KV read a second, for each way to reach those blocks.
template <workload Workload>
void add_kv_access(suite<Workload>& s) {
  using kv_access::way;
  const std::vector<std::size_t> blocks =
      s.quick() ? std::vector{64_KiB, 2_MiB} : std::vector{16_KiB, 64_KiB, 256_KiB, 2_MiB};
  const std::vector<int> shares = s.quick() ? std::vector{50} : std::vector{25, 50, 75, 100};
  for (const std::size_t block : blocks) {
    kv_access::add_step(s, way::resident, block, 0);
    for (const int share : shares) {
      for (const way how :
           {way::fault, way::remote, way::prefetch, way::batched_prefetch, way::copy, way::batched_copy}) {
        kv_access::add_step(s, how, block, share);
      }
    }
  }
}

}  // namespace cmm::bench
