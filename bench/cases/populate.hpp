#pragma once

#include <cmm/cmm.hpp>
#include <optional>

#include "../baselines/baselines.hpp"
#include "../measure/format.hpp"
#include "../measure/suite.hpp"

namespace cmm::bench::page_fault {

/// Measures on fresh blocks: `prepare` puts each block into its state, `run` is timed.
template <workload Workload>
void on_fresh_blocks(suite<Workload>& s, sample_sink& sink, auto recipe, std::size_t bytes, auto&& prepare,
                     auto&& run) {
  auto memory = build(recipe, s.api());
  const auto once = [&] {
    const held b{memory, bytes, s.work().stream()};
    prepare(b.get());
    s.work().synchronize();
    return elapsed(s.work(), [&] { run(b.get()); });
  };
  (void)once();  // loads the kernel
  s.repeat(sink, {.few = 3, .most = 31, .enough = 1e9}, once);
}

/// First touch of every byte by a kernel, under each policy.
template <workload Workload>
void add_first_touch(suite<Workload>& s, const std::string& policy, auto recipe) {
  const std::size_t bytes = s.fitting(s.quick() ? 256_MiB : 2_GiB);
  s.row(row_name("page_fault",
                 {{"what", "gpu_first_touch"}, {"policy", policy}, {"bytes", format_size(bytes)}}),
        [&s, recipe, bytes](sample_sink& sink) {
          sink.bytes = bytes;
          sink.limit = s.limits().gpu_write(bytes);
          on_fresh_blocks(
              s, sink, recipe, bytes, [](block) {}, [&](block b) { s.work().write(b.data, bytes, 0); });
        });
}

/// Nanoseconds from the request for a block until its pages are there. Throws when a kernel then finds that
/// they are not: it must write them at half the speed of `cudaMalloc` memory at least.
template <workload Workload>
double time_populate(suite<Workload>& s, auto& memory, std::size_t bytes, double resident) {
  std::optional<held<std::remove_reference_t<decltype(memory)>>> b;
  const double time = elapsed(s.work(), [&] { b.emplace(memory, bytes, s.work().stream()); });
  const double write = s.work().gpu_time([&] { s.work().write(b->data(), bytes, 0); });
  if (write > 2 * (resident + s.limits().launch().nanoseconds)) {
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
          require_placement(s);
          sink.bytes = bytes;
          sink.limit = s.limits().gpu_write(bytes);
          auto memory = build(recipe, s.api());
          auto plain = build(managed{} | one_prefetch_call<Workload>{&s.work()}, s.api());
          for (int i = 0; i < (s.quick() ? 7 : 31); ++i) {
            sink.reference.push_back(time_populate(s, plain, bytes, sink.limit.nanoseconds));
            sink.nanoseconds.push_back(time_populate(s, memory, bytes, sink.limit.nanoseconds));
          }
        });
}

/// The price of a policy, by size: from the request for a block until a kernel has written every byte of it.
template <workload Workload>
void add_first_use(suite<Workload>& s, const std::string& policy, auto recipe, std::size_t wanted) {
  const std::size_t bytes = wanted < 2_MiB ? wanted : s.fitting(wanted);
  s.row(row_name("page_fault", {{"what", "first_use"}, {"policy", policy}, {"bytes", format_size(bytes)}}),
        [&s, recipe, bytes](sample_sink& sink) {
          sink.bytes = bytes;
          sink.limit = s.limits().gpu_write(bytes);
          auto memory = build(recipe, s.api());
          s.repeat(sink, {.few = 5, .most = 51}, [&] {
            std::optional<held<decltype(memory)>> b;
            return elapsed(s.work(), [&] {
              b.emplace(memory, bytes, s.work().stream());
              s.work().write(b->data(), bytes, 0);
            });
          });
        });
}

/// Fresh memory and the ways to have its pages where they are used.
template <workload Workload>
void add_fresh(suite<Workload>& s) {
  add_first_touch(s, "none", managed{});
  add_first_touch(s, "advise_only", managed{} | advise_only{});
  add_first_touch(s, "always_prefetch", managed{} | always_prefetch{});
  add_first_touch(s, "threshold_prefetch", managed{} | threshold_prefetch{});
  add_first_touch(s, "egm_numa", managed{} | egm_numa{});
  add_first_touch(s, "cudaMalloc", device{});

  add_populate(s, "one_cudaMemPrefetchAsync", managed{} | one_prefetch_call<Workload>{&s.work()});
  add_populate(s, "prefetch", managed{} | prefetch{});
  add_populate(s, "prefetch_2_threads", managed{} | prefetch{.threads = 2});
  add_populate(s, "prefetch_8_threads_of_32MiB", managed{} | prefetch{.threads = 8, .piece = 32_MiB});
  add_populate(s, "always_prefetch", managed{} | always_prefetch{});

  const std::vector<std::size_t> sizes =
      s.quick() ? std::vector{2_MiB, 256_MiB} : std::vector{64_KiB, 1_MiB, 4_MiB, 32_MiB, 256_MiB, 1_GiB};
  for (const std::size_t bytes : sizes) {
    add_first_use(s, "none", managed{}, bytes);
    add_first_use(s, "advise_only", managed{} | advise_only{}, bytes);
    add_first_use(s, "always_prefetch", managed{} | always_prefetch{}, bytes);
    add_first_use(s, "threshold_prefetch", managed{} | threshold_prefetch{}, bytes);
    add_first_use(s, "egm_numa", managed{} | egm_numa{}, bytes);
    add_first_use(s, "cudaMalloc", device{}, bytes);
    add_first_use(s, "predecessor", managed{} | baseline::predecessor_policy{}, bytes);
  }
}

}  // namespace cmm::bench::page_fault
