#pragma once

#include <cmm/cmm.hpp>

#include "../format.hpp"
#include "../suite.hpp"

namespace cmm::bench {
namespace page_fault {

inline constexpr std::size_t strides[] = {4_KiB, 64_KiB, 2_MiB};

/// Measures on fresh blocks: `prepare` puts each block into its state, `run` is timed.
template <workload Workload>
void on_fresh_blocks(suite<Workload>& s, sample_sink& sink, auto recipe, std::size_t bytes, int samples,
                     auto&& prepare, auto&& run) {
  auto memory = build(recipe, s.api());
  for (int i = 0; i <= samples; ++i) {
    const block b = memory.allocate(bytes, s.work().stream());
    if (!b)
      throw std::runtime_error{"managed memory ran out at " + format_size(bytes) + "; see --max-managed"};
    prepare(b);
    s.work().synchronize();
    const double time = elapsed(s.work(), [&] { run(b); });
    if (i != 0) sink.nanoseconds.push_back(time);  // the first loads the kernel
    memory.deallocate(b, s.work().stream());
  }
}

/// Nanoseconds a kernel needs for memory of `cudaMalloc`: what every populated block should reach.
template <workload Workload>
double resident_write(suite<Workload>& s, std::size_t bytes) {
  auto memory = build(device{}, s.api());
  const block b = memory.allocate(bytes, s.work().stream());
  if (!b) throw std::runtime_error{"device memory ran out at " + format_size(bytes)};
  double best = 0;
  for (int i = 0; i < 4; ++i) {
    const double time = elapsed(s.work(), [&] { s.work().write(b.data, bytes, 0); });
    if (i != 0 && (best == 0 || time < best)) best = time;
  }
  memory.deallocate(b, s.work().stream());
  return best;
}

/// First touch of every byte by a kernel, under each policy.
template <workload Workload>
void add_first_touch(suite<Workload>& s, const std::string& policy, auto recipe) {
  const std::size_t bytes = s.fitting(s.quick() ? 256_MiB : 2_GiB);
  s.row(row_name("page_fault",
                 {{"what", "gpu_first_touch"}, {"policy", policy}, {"bytes", format_size(bytes)}}),
        [&s, recipe, bytes](sample_sink& sink) {
          sink.bytes = bytes;
          sink.limit = resident_write(s, bytes);
          sink.limit_name = "write of cudaMalloc memory";
          on_fresh_blocks(
              s, sink, recipe, bytes, s.quick() ? 3 : 7, [](block) {},
              [&](block b) { s.work().write(b.data, bytes, 0); });
        });
}

/// Nanoseconds from the request for a block until its pages are there. Throws when a kernel then finds that
/// they are not: it must write them at half the speed of `cudaMalloc` memory at least.
template <workload Workload>
double time_populate(suite<Workload>& s, auto& memory, std::size_t bytes, double resident) {
  block b;
  const double time = elapsed(s.work(), [&] { b = memory.allocate(bytes, s.work().stream()); });
  if (!b) throw std::runtime_error{"managed memory ran out at " + format_size(bytes) + "; see --max-managed"};
  const double write = elapsed(s.work(), [&] { s.work().write(b.data, bytes, 0); });
  memory.deallocate(b, s.work().stream());
  if (write > 2 * resident) {
    throw std::runtime_error{"the pages were not all there: a kernel then took " +
                             format_ratio(write / resident) + " the time it takes on cudaMalloc memory"};
  }
  return time;
}

/// Baseline: `cudaMallocManaged` and one `cudaMemPrefetchAsync`, called directly.
template <class Workload>
struct one_prefetch_call {
  static constexpr bool hints = true;
  Workload* work;
  void place(auto&, block b, stream) const { work->prefetch_once(b.data, b.bytes); }
};

/// Fresh memory made ready for the GPU, in turn with one `cudaMemPrefetchAsync` of the same size.
template <workload Workload>
void add_populate(suite<Workload>& s, const std::string& by, auto recipe) {
  const std::size_t bytes = s.fitting(s.quick() ? 256_MiB : 2_GiB);
  s.row(row_name("page_fault", {{"what", "populate"}, {"by", by}, {"bytes", format_size(bytes)}}),
        [&s, recipe, bytes](sample_sink& sink) {
          sink.bytes = bytes;
          sink.limit = resident_write(s, bytes);
          sink.limit_name = "write of cudaMalloc memory";
          auto memory = build(recipe, s.api());
          auto plain = build(managed{} | one_prefetch_call<Workload>{&s.work()}, s.api());
          for (int i = 0; i < (s.quick() ? 7 : 31); ++i) {
            sink.reference.push_back(time_populate(s, plain, bytes, sink.limit));
            sink.nanoseconds.push_back(time_populate(s, memory, bytes, sink.limit));
          }
        });
}

/// Touches one word at each stride, on the GPU or the CPU, of pages in a given state.
template <workload Workload>
void add_strided(suite<Workload>& s, const std::string& what, std::size_t stride, auto recipe, auto prepare,
                 auto touch) {
  const std::size_t bytes = s.fitting(stride == 2_MiB ? (s.quick() ? 256_MiB : 1_GiB) : 64_MiB);
  s.row(row_name("page_fault",
                 {{"what", what}, {"stride", format_size(stride)}, {"bytes", format_size(bytes)}}),
        [&s, recipe, prepare, touch, bytes, stride](sample_sink& sink) {
          sink.pages = bytes / stride;
          on_fresh_blocks(
              s, sink, recipe, bytes, s.quick() ? 3 : 7, [&](block b) { prepare(b); },
              [&](block b) { touch(b, stride); });
        });
}

/// A block of pages moved whole, by fault or by prefetch.
template <workload Workload>
void add_migration(suite<Workload>& s, const std::string& what, auto prepare, auto move) {
  const std::size_t bytes = s.fitting(s.quick() ? 128_MiB : 1_GiB);
  s.row(row_name("page_fault", {{"what", what}, {"bytes", format_size(bytes)}}),
        [&s, prepare, move, bytes](sample_sink& sink) {
          sink.bytes = bytes;
          on_fresh_blocks(
              s, sink, managed{}, bytes, s.quick() ? 3 : 5, [&](block b) { prepare(b); },
              [&](block b) { move(b); });
        });
}

/// One thread reads one word of a page that is elsewhere: p50 and p99 of a single fault, kernel launch
/// included.
template <workload Workload>
void add_latency(suite<Workload>& s, const std::string& what, auto prepare) {
  s.row(row_name("page_fault", {{"what", what}}), [&s, prepare](sample_sink& sink) {
    auto memory = build(managed{}, s.api());
    for (int i = 0; i < (s.quick() ? 50 : 300); ++i) {
      const block b = memory.allocate(2_MiB, s.work().stream());
      if (!b) throw std::runtime_error{"managed memory ran out; see --max-managed"};
      prepare(b);
      s.work().synchronize();
      sink.nanoseconds.push_back(s.work().gpu_time([&] { s.work().read(b.data, 4, 2_MiB); }));
      memory.deallocate(b, s.work().stream());
    }
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

  add_first_touch(s, "none", managed{});
  add_first_touch(s, "advise_only", managed{} | advise_only{});
  add_first_touch(s, "always_prefetch", managed{} | always_prefetch{});
  add_first_touch(s, "cudaMalloc", device{});

  add_populate(s, "one_cudaMemPrefetchAsync", managed{} | one_prefetch_call<Workload>{&work});
  add_populate(s, "prefetch", managed{} | prefetch{});
  add_populate(s, "prefetch_2_threads", managed{} | prefetch{.threads = 2});
  add_populate(s, "prefetch_8_threads_of_32MiB", managed{} | prefetch{.threads = 8, .piece = 32_MiB});
  add_populate(s, "always_prefetch", managed{} | always_prefetch{});

  for (const std::size_t stride : strides) {
    add_strided(s, "gpu_touches_fresh", stride, managed{}, untouched,
                [&work](block b, std::size_t step) { work.write(b.data, b.bytes, step); });
    add_strided(s, "gpu_reads_cpu_pages", stride, managed{}, on_cpu,
                [&work](block b, std::size_t step) { work.read(b.data, b.bytes, step); });
    add_strided(s, "cpu_touches_fresh", stride, managed{}, untouched,
                [&work](block b, std::size_t step) { work.cpu_write(b.data, b.bytes, step); });
    add_strided(s, "cpu_writes_gpu_pages", stride, managed{}, on_gpu,
                [&work](block b, std::size_t step) { work.cpu_write(b.data, b.bytes, step); });
  }

  add_migration(s, "to_gpu_by_fault", on_cpu, [&work](block b) { work.read(b.data, b.bytes, 0); });
  add_migration(s, "to_gpu_by_prefetch", on_cpu, prefetch_to(location::device(0)));
  add_migration(s, "to_cpu_by_fault", on_gpu, [&work](block b) { work.cpu_write(b.data, b.bytes, 0); });
  add_migration(s, "to_cpu_by_prefetch", on_gpu, prefetch_to(location::host()));

  add_latency(s, "one_fault_fresh", untouched);
  add_latency(s, "one_fault_cpu_page", on_cpu);
  add_latency(s, "no_fault", on_gpu);
}

}  // namespace cmm::bench
