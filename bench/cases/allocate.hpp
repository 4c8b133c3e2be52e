#pragma once

#include <cmm/cmm.hpp>
#include <memory>

#include "../baselines/baselines.hpp"
#include "../baselines/rmm_baseline.hpp"
#include "../measure/suite.hpp"

namespace cmm::bench {
namespace allocate {

/// Times pairs of allocate and deallocate in batches long enough for the clock. The first pairs warm caches.
template <workload Workload>
void time_pairs(suite<Workload>& s, sample_sink& sink, auto& memory, std::size_t bytes) {
  constexpr double batch_time = 20e3;
  const stream on = s.work().stream();
  const auto pairs = [&](int count) {
    const double begin = s.work().now();
    for (int i = 0; i < count; ++i) {
      const block b = memory.allocate(bytes, on);
      if (!b) throw ran_out{bytes, size_in_full(bytes)};
      memory.deallocate(b, on);
    }
    return s.work().now() - begin;
  };
  sink.limit = s.limits().event();
  pairs(3);
  const double one = std::max(pairs(1), 1.0);
  const int batch = static_cast<int>(std::clamp(batch_time / one, 1.0, 256.0));
  // The CPU's clock and its neighbours change over milliseconds: the samples of a row span a hundred of them.
  s.repeat(sink, {.few = 5, .most = 10000, .enough = 150e6}, [&] { return pairs(batch) / batch; });
  s.work().synchronize();
}

/// Managed memory that a baseline takes without asking the budget's api, claimed for as long as it lives.
class claim {
 public:
  claim(managed_budget& budget, std::size_t bytes) : budget_{budget}, bytes_{bytes} {
    if (!budget.claim(bytes)) {
      throw skipped{size_in_full(bytes) + " of managed memory is more than the budget of " +
                    size_in_full(budget.bytes()) + " has left; see --max-managed"};
    }
  }
  ~claim() { budget_.release(bytes_); }
  claim(const claim&) = delete;
  claim& operator=(const claim&) = delete;

 private:
  managed_budget& budget_;
  std::size_t bytes_;
};

inline std::string row_of(const std::string& allocator, std::size_t bytes) {
  return row_name("allocate", {{"allocator", allocator}, {"bytes", format_size(bytes)}});
}

/// A baseline calls the api itself, so that the guard costs it nothing.
template <class Baseline, workload Workload>
void add_baseline(suite<Workload>& s, std::size_t bytes) {
  s.row(row_of(Baseline::name, bytes), [&s, bytes](sample_sink& sink) {
    const claim claimed{s.budget(), Baseline::managed ? bytes : 0};
    Baseline memory{s.work().api()};
    time_pairs(s, sink, memory, bytes);
  });
}

/// RMM takes its memory from CUDA itself.
template <workload Workload>
void add_rmm(suite<Workload>& s, std::size_t bytes) {
  if constexpr (!Workload::simulated && baseline::rmm_pool::built_in) {
    s.row(row_of(baseline::rmm_pool::name, bytes), [&s, bytes](sample_sink& sink) {
      const claim claimed{s.budget(), bytes};
      baseline::rmm_pool memory{bytes};
      time_pairs(s, sink, memory, bytes);
    });
  }
}

template <workload Workload>
void add_recipe(suite<Workload>& s, const std::string& name, auto recipe, std::size_t bytes) {
  s.row(row_of(name, bytes), [&s, recipe, bytes](sample_sink& sink) {
    auto memory = build(recipe, s.api());
    time_pairs(s, sink, memory, bytes);
  });
}

}  // namespace allocate

/// Allocate and free in one stream, warm: what a request costs an engine, over sources, policies and layers.
template <workload Workload>
void add_allocate(suite<Workload>& s) {
  using api_type = decltype(s.work().api());
  using kind = pool_properties::kind;
  using allocate::add_baseline;
  using allocate::add_recipe;
  const std::vector<std::size_t> sizes =
      s.quick() ? std::vector{4_KiB, 2_MiB, 256_MiB}
                : std::vector{4_KiB, 64_KiB, 1_MiB, 2_MiB, 16_MiB, 64_MiB, 256_MiB, 1_GiB};
  for (const std::size_t bytes : sizes) {
    add_baseline<baseline::cuda_malloc<api_type>>(s, bytes);
    add_baseline<baseline::driver_pool<api_type, kind::pinned>>(s, bytes);
    add_baseline<baseline::cuda_malloc_managed<api_type>>(s, bytes);
    add_baseline<baseline::driver_pool<api_type, kind::managed>>(s, bytes);
    add_baseline<baseline::predecessor<api_type>>(s, bytes);
    allocate::add_rmm(s, bytes);

    add_recipe(s, "managed", managed{}, bytes);
    add_recipe(s, "managed_pool", managed_pool{}, bytes);
    add_recipe(s, "device_pool", device_pool{}, bytes);
    add_recipe(s, "egm", egm{}, bytes);
    add_recipe(s, "managed+advise_only", managed{} | advise_only{}, bytes);
    add_recipe(s, "managed+always_prefetch", managed{} | always_prefetch{}, bytes);
    add_recipe(s, "managed+threshold_prefetch", managed{} | threshold_prefetch{}, bytes);
    add_recipe(s, "managed+egm_numa", managed{} | egm_numa{}, bytes);
    add_recipe(s, "managed+threshold_prefetch+pool", managed{} | threshold_prefetch{} | pool{}, bytes);
    add_recipe(s, "managed+threshold_prefetch+pool+limit",
               managed{} | threshold_prefetch{} | pool{} | limit{}, bytes);
    add_recipe(s, "managed+threshold_prefetch+pool+stats",
               managed{} | threshold_prefetch{} | pool{} | stats{}, bytes);
    add_recipe(s, "managed+threshold_prefetch+pool+locked",
               managed{} | threshold_prefetch{} | pool{} | locked{}, bytes);
    add_recipe(s, "managed+threshold_prefetch+pool+trace",
               managed{} | threshold_prefetch{} | pool{} | trace{}, bytes);
    add_recipe(s, "managed+prefer+spill+pool",
               managed{} | prefer{location::host()} | spill{device_pool{}, {.budget = 2_GiB}} | pool{},
               bytes);
    add_recipe(s, "device+pool", device{} | pool{}, bytes);
  }
}

}  // namespace cmm::bench
