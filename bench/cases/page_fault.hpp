#pragma once

#include "populate.hpp"

namespace cmm::bench {
namespace page_fault {

inline constexpr std::size_t strides[] = {4_KiB, 16_KiB, 64_KiB, 256_KiB, 2_MiB};

/// Throws `skipped` where CPU and GPU share one memory.
template <workload Workload>
void require_two_memories(suite<Workload>& s) {
  if (s.work().one_memory()) throw skipped{"CPU and GPU share one memory: no page moves"};
}

/// Touches one word at each stride, on the GPU or the CPU, of pages in a given state.
template <workload Workload>
void add_strided(suite<Workload>& s, const std::string& what, std::size_t stride, bool moves, auto limit,
                 auto prepare, auto touch) {
  const std::size_t bytes = s.fitting(stride == 2_MiB ? (s.quick() ? 256_MiB : 1_GiB) : 64_MiB);
  s.row(row_name("page_fault",
                 {{"what", what}, {"stride", format_size(stride)}, {"bytes", format_size(bytes)}}),
        [&s, moves, limit, prepare, touch, bytes, stride](sample_sink& sink) {
          if (moves) require_two_memories(s);
          sink.pages = bytes / stride;
          sink.limit = limit(sink.pages * 4_KiB);  // the least that has to be there
          on_fresh_blocks(
              s, sink, managed{}, bytes, [&](block b) { prepare(b); }, [&](block b) { touch(b, stride); });
        });
}

/// A block of pages moved whole, by fault or by prefetch.
template <workload Workload>
void add_migration(suite<Workload>& s, const std::string& what, auto limit, auto prepare, auto move) {
  const std::size_t bytes = s.fitting(s.quick() ? 128_MiB : 1_GiB);
  s.row(row_name("page_fault", {{"what", what}, {"bytes", format_size(bytes)}}),
        [&s, limit, prepare, move, bytes](sample_sink& sink) {
          require_placement(s);
          require_two_memories(s);
          sink.bytes = bytes;
          sink.limit = limit(bytes);
          on_fresh_blocks(
              s, sink, managed{}, bytes, [&](block b) { prepare(b); }, [&](block b) { move(b); });
        });
}

/// One thread reads one word of a page that is elsewhere: p50 and p99 of a single fault, kernel launch
/// included.
template <workload Workload>
void add_latency(suite<Workload>& s, const std::string& what, auto prepare) {
  s.row(row_name("page_fault", {{"what", what}}), [&s, prepare](sample_sink& sink) {
    sink.limit = s.limits().launch();
    auto memory = build(managed{}, s.api());
    s.repeat(sink, {.few = 50, .most = 2000}, [&] {
      const held b{memory, 2_MiB, s.work().stream()};
      prepare(b.get());
      s.work().synchronize();
      return s.work().gpu_time([&] { s.work().read(b.data(), 4, 2_MiB); });
    });
  });
}

}  // namespace page_fault

/// What it costs when pages are not where they are used: first touch, migration, single faults, and the ways
/// to populate memory before it is used.
template <workload Workload>
void add_page_fault(suite<Workload>& s) {
  using namespace page_fault;
  auto& work = s.work();
  const auto on_cpu = [&work](block b) { work.cpu_write(b.data, b.bytes, 4_KiB); };
  const auto on_gpu = [&work](block b) { work.write(b.data, b.bytes, 0); };
  const auto untouched = [](block) {};
  const auto prefetch_to = [&work](location where) {
    return [&work, where](block b) {
      detail::check(work.api().prefetch(b.data, b.bytes, where, work.stream()), "prefetching a block");
    };
  };

  const auto filling = [&s](std::size_t bytes) { return s.limits().gpu_write(bytes); };
  const auto filling_host = [&s](std::size_t bytes) { return s.limits().cpu_write(bytes); };
  const auto up = [&s](std::size_t bytes) { return s.limits().h2d(bytes); };
  const auto down = [&s](std::size_t bytes) { return s.limits().d2h(bytes); };

  add_fresh(s);

  for (const std::size_t stride : strides) {
    add_strided(s, "gpu_touches_fresh", stride, false, filling, untouched,
                [&work](block b, std::size_t step) { work.write(b.data, b.bytes, step); });
    add_strided(s, "gpu_reads_cpu_pages", stride, true, up, on_cpu,
                [&work](block b, std::size_t step) { work.read(b.data, b.bytes, step); });
    add_strided(s, "cpu_touches_fresh", stride, false, filling_host, untouched,
                [&work](block b, std::size_t step) { work.cpu_write(b.data, b.bytes, step); });
    add_strided(s, "cpu_writes_gpu_pages", stride, true, down, on_gpu,
                [&work](block b, std::size_t step) { work.cpu_write(b.data, b.bytes, step); });
  }

  add_migration(s, "to_gpu_by_fault", up, on_cpu, [&work](block b) { work.read(b.data, b.bytes, 0); });
  add_migration(s, "to_gpu_by_prefetch", up, on_cpu, prefetch_to(s.gpu()));
  add_migration(s, "to_cpu_by_fault", down, on_gpu, [&work](block b) { work.cpu_write(b.data, b.bytes, 0); });
  add_migration(s, "to_cpu_by_prefetch", down, on_gpu, prefetch_to(location::host()));

  add_latency(s, "one_fault_fresh", untouched);
  add_latency(s, "one_fault_cpu_page", on_cpu);
  add_latency(s, "no_fault", on_gpu);
}

}  // namespace cmm::bench
