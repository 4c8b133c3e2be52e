#pragma once

#include <algorithm>
#include <cmm/cmm.hpp>
#include <memory>
#include <optional>

#include "../workload/workload.hpp"
#include "memory.hpp"
#include "row.hpp"

namespace cmm::bench {

/// What the machine can do at best, measured in the same run the first time a row asks. Every answer is the
/// time for as many bytes, or for one operation.
template <workload Workload>
class limits {
 public:
  /// For a measurement of GPU memory `large` bytes are taken, for one of the link `sample` bytes on both
  /// sides.
  limits(Workload& on, std::size_t sample, std::size_t large) : work_{on}, sample_{sample}, large_{large} {}

  bound gpu_read(std::size_t bytes) {
    return at(gpu_read_, bytes, "read of GPU memory", [&](char* a) { work_.read(a, large_, 0); });
  }
  bound gpu_write(std::size_t bytes) {
    return at(gpu_write_, bytes, "write of GPU memory", [&](char* a) { work_.write(a, large_, 0); });
  }
  bound h2d(std::size_t bytes) {
    return over_link(
        h2d_, bytes, "H2D, by copy engine or kernel",
        [&](char* host, char* gpu) { work_.copy(gpu, host, sample_, work_.stream()); },
        [&](char* host, char*) { work_.read(host, sample_, 0); });
  }
  bound d2h(std::size_t bytes) {
    return over_link(
        d2h_, bytes, "D2H, by copy engine or kernel",
        [&](char* host, char* gpu) { work_.copy(host, gpu, sample_, work_.stream()); },
        [&](char* host, char*) { work_.write(host, sample_, 0); });
  }
  /// A kernel that reads host memory, writes it, or exchanges it with memory of the GPU: `bytes` each way.
  bound kernel_read(std::size_t bytes) {
    return by_kernel(kernel_read_, bytes, "read of host memory by a kernel",
                     [&](char* host, char*) { work_.read(host, sample_, 0); });
  }
  bound kernel_write(std::size_t bytes) {
    return by_kernel(kernel_write_, bytes, "write of host memory by a kernel",
                     [&](char* host, char*) { work_.write(host, sample_, 0); });
  }
  bound kernel_exchange(std::size_t bytes) {
    return by_kernel(kernel_exchange_, bytes, "host memory both ways by a kernel",
                     [&](char* host, char* gpu) {
                       const std::size_t half = sample_ / 2;
                       for (int i = 0; i < 2; ++i) {
                         work_.exchange_by_kernel({gpu, host, half}, {host + half, gpu + half, half});
                       }
                     });
  }
  /// The CPU putting one kernel into a stream.
  bound enqueue() {
    if (!enqueue_) {
      enqueue_ = with_gpu_memory(sample_, [&](char* a) {
        return fastest([&] {
          work_.synchronize();
          const double begin = work_.now();
          work_.read(a, 4, 4);
          return work_.now() - begin;
        });
      });
    }
    return {*enqueue_, "one kernel put into a stream", false};
  }
  /// One thread of the CPU writing pinned memory.
  bound cpu_write(std::size_t bytes) {
    return over_link(cpu_write_, bytes, "CPU write by one thread",
                     [&](char* host, char*) { work_.cpu_write(host, sample_, 0); });
  }
  /// A kernel that reads one word of GPU memory.
  bound launch() {
    if (!launch_) {
      launch_ = with_gpu_memory(sample_, [&](char* a) {
        return fastest([&] { return work_.gpu_time([&] { work_.read(a, 4, 4); }); });
      });
    }
    return {*launch_, "a kernel without a fault", false};
  }
  /// One load of a chain that waits for the one before and finds its line in the L2 cache: once the chain has
  /// been followed to its end, because a line comes nearer to the multiprocessor that asks for it again.
  bound cache_load() {
    constexpr std::size_t footprint = 2_MiB;
    constexpr std::size_t steps = footprint / 128;
    if (!cache_load_) {
      const double start = launch().nanoseconds;
      cache_load_ = with_gpu_memory(footprint, [&](char* a) {
        work_.make_chain(a, footprint);
        work_.chase(a, footprint, steps);
        return fastest([&] { return work_.gpu_time([&] { work_.chase(a, footprint, steps); }) - start; }) /
               steps;
      });
    }
    return {*cache_load_, "a load that the L2 cache serves", false};
  }
  /// Recording an event, without which no freed block may go to another stream. A run's first row asks, and
  /// one moment of the CPU is no limit: the fastest of a tenth of a second counts.
  bound event() {
    if (!event_) {
      auto api = work_.api();
      cmm::event e;
      detail::check(api.create_event(e));
      constexpr int batch = 64;
      constexpr double enough = 100e6;
      const auto one_batch = [&] {
        const double begin = work_.now();
        for (int i = 0; i < batch; ++i) detail::check(api.record(e, work_.stream()));
        const double time = (work_.now() - begin) / batch;
        work_.synchronize();
        return time;
      };
      const double begin = work_.now();
      double best = fastest(one_batch);
      while (work_.now() - begin < enough) best = std::min(best, fastest(one_batch));
      event_ = best;
      detail::check(api.destroy_event(e));
    }
    return {*event_, "one event recorded", false};
  }
  /// A figure of the maker or a standard, in units for each nanosecond; no bound where it is unknown.
  static bound published(double rate, double units, std::string name) {
    return rate > 0 ? bound{units / rate, std::move(name), true} : bound{};
  }

 private:
  double fastest(auto&& time) {
    double best = 0;
    for (int i = 0; i < 6; ++i) {
      const double one = time();
      if (i != 0 && (best == 0 || one < best)) best = one;
    }
    return best;
  }
  double with_gpu_memory(std::size_t bytes, auto&& use) {
    auto memory = build(device{}, work_.api());
    const held block{memory, bytes, work_.stream()};
    return use(block.data());
  }
  static bound scaled(double time, std::size_t bytes, std::size_t measured, const char* name) {
    return {time * static_cast<double>(bytes) / static_cast<double>(measured), name, false};
  }
  bound at(std::optional<double>& known, std::size_t bytes, const char* name, auto&& work) {
    const double start = launch().nanoseconds;
    if (!known) {
      known = with_gpu_memory(
          large_, [&](char* a) { return fastest([&] { return work_.gpu_time([&] { work(a); }); }) - start; });
    }
    bound limit = scaled(*known, bytes, large_, name);
    limit.nanoseconds += start;
    return limit;
  }
  bound by_kernel(std::optional<double>& known, std::size_t bytes, const char* name, auto&& way) {
    if (!known) {
      const pinned_buffer host{work_, sample_};
      known = with_gpu_memory(sample_, [&](char* gpu) {
        return fastest([&] { return work_.gpu_time([&] { way(host.data(), gpu); }); });
      });
    }
    return scaled(*known, bytes, sample_, name);
  }
  /// The fastest of some ways.
  bound over_link(std::optional<double>& known, std::size_t bytes, const char* name, auto&&... ways) {
    if (!known) {
      const pinned_buffer host{work_, sample_};
      known = with_gpu_memory(sample_, [&](char* gpu) {
        return std::min({fastest([&] { return elapsed(work_, [&] { ways(host.data(), gpu); }); })...});
      });
    }
    return scaled(*known, bytes, sample_, name);
  }

  Workload& work_;
  std::size_t sample_;
  std::size_t large_;
  std::optional<double> gpu_read_, gpu_write_, h2d_, d2h_, cpu_write_, launch_, cache_load_, event_,
      kernel_read_, kernel_write_, kernel_exchange_, enqueue_;
};

}  // namespace cmm::bench
