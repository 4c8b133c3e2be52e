#pragma once

#include <cmm/core/page_copier.hpp>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../machine/about.hpp"
#include "../machine/peaks.hpp"
#include "copy_range.hpp"
#include "product.hpp"

namespace cmm::bench {

/// A machine that cases run on, seen from one GPU. Sizes are bytes, times nanoseconds, real or virtual.
/// Failures throw.
///
/// - `numa_nodes` are those with ordinary memory of the host, the nearest first; `one_memory` tells whether
///   CPU and GPU share all memory. `connect` lets this GPU and another one reach each other's memory, and
///   tells whether they can; `joined_to` tells what lies between them. `activate` makes the GPU current for
///   the calling thread; `other_stream` runs beside `stream`.
/// - `write` and `read` run a kernel over every byte, or with a stride over one word at each stride;
///   `copy_by_kernel` copies with 16-byte loads and stores, `exchange_by_kernel` two ranges at once. `gather`
///   reads every byte of blocks that lie anywhere, by their table, in one kernel.
/// - `make_chain` fills a range with a cycle over all its 128-byte lines in an order no prefetcher guesses,
///   and `chase` follows it, each load waiting for the one before.
/// - `copy` is one `cudaMemcpyAsync`; `copy_batch` one `cudaMemcpyBatchAsync`. `prefetch_once` is one plain
///   `cudaMemPrefetchAsync` to the GPU, `prefetch_batch` one `cudaMemPrefetchBatchAsync` of many ranges.
/// - `pinned` and `free_pinned` are `cudaMallocHost` and `cudaFreeHost`.
/// - `fill_operand` writes random numbers of a type that bf16 and fp8 hold exactly; `multiply` puts one
///   matrix product into the stream; `same_product` tells whether two results are the same bits.
/// - `gpu_time` is the time the GPU spends on what a function puts into the stream, or into another one while
///   it does what a second function has put elsewhere.
/// - `look_up` is the time of a look-up in a table of the program that no cache holds, where time is virtual;
///   a real one takes it by itself.
/// - `copier` moves pages between the memories.
template <class Workload>
concept workload = requires(Workload& w, void* p, const void* from, std::size_t n, int device, void (*work)(),
                            stream s, std::span<const copy_range> copies, std::span<const void* const> blocks,
                            const product& shape) {
  { w.api() } -> cmm::api;
  { w.device() } -> std::same_as<int>;
  { w.devices() } -> std::same_as<int>;
  { w.numa_nodes() } -> std::same_as<std::vector<int>>;
  { w.one_memory() } -> std::same_as<bool>;
  { w.connect(device) } -> std::same_as<bool>;
  { w.joined_to(device) } -> std::same_as<peer_link>;
  w.activate();
  { w.stream() } -> std::same_as<cmm::stream>;
  { w.other_stream() } -> std::same_as<cmm::stream>;

  w.look_up();
  w.write(p, n, n);
  w.read(p, n, n);
  w.copy_by_kernel(p, from, n);
  w.exchange_by_kernel(copy_range{}, copy_range{});
  w.gather(blocks, n);
  w.make_chain(p, n);
  w.chase(p, n, n);
  w.cpu_write(p, n, n);

  w.copy(p, from, n, s);
  w.copy_batch(copies);
  w.prefetch_once(p, n);
  w.prefetch_batch(blocks, n);
  { w.pinned(n) } -> std::same_as<void*>;
  w.free_pinned(p);

  w.fill_operand(p, shape.kind, n, 1U);
  w.multiply(shape, from, from, p);
  { w.same_product(from, from, n) } -> std::same_as<bool>;
  { w.why_no(shape.kind) } -> std::same_as<std::string>;

  w.synchronize();
  { w.now() } -> std::same_as<double>;
  { w.gpu_time(work) } -> std::same_as<double>;
  { w.gpu_time(work, s, work) } -> std::same_as<double>;
  requires page_copier<std::remove_reference_t<decltype(w.copier())>>;
  { w.describe() } -> std::same_as<about>;
  { w.peak() } -> std::same_as<peaks>;
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
