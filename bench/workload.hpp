#pragma once

#include <cmm/core/api.hpp>
#include <concepts>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace cmm::bench {

/// Facts about the machine that go into the context of the results.
using facts = std::vector<std::pair<std::string, std::string>>;

/// A machine that cases run on. Sizes are bytes, times nanoseconds, real or virtual.
///
/// `write` and `read` run a kernel over every byte, or with a stride over one word at each stride; `gpu_time`
/// is the time the GPU spends on what a function puts into the stream. `prefetch_once` is one plain
/// `cudaMemPrefetchAsync` to the GPU. Failures throw.
template <class Workload>
concept workload = requires(Workload& w, void* p, std::size_t n, int device, void (*work)()) {
  { w.api() } -> cmm::api;
  { w.stream() } -> std::same_as<cmm::stream>;
  w.write(p, n, n);
  w.read(p, n, n);
  w.cpu_write(p, n, n);
  w.prefetch_once(p, n);
  w.synchronize();
  { w.now() } -> std::same_as<double>;
  { w.gpu_time(work) } -> std::same_as<double>;
  { w.describe() } -> std::same_as<facts>;
  { Workload::simulated } -> std::convertible_to<bool>;
};

/// Nanoseconds until the work of a function is done on CPU and GPU.
double elapsed(workload auto& w, auto&& work) {
  const double begin = w.now();
  work();
  w.synchronize();
  return w.now() - begin;
}

}  // namespace cmm::bench
