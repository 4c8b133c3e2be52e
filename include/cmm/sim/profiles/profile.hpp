#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "../../core/api.hpp"

namespace cmm::sim {

/// A number and where it comes from: a public source, the word "assumed" and why, `after_h200`, or
/// `from_a_row`.
struct figure {
  double value = 0;
  const char* source = "assumed";
  const char* reason = "";  ///< why an assumed figure is what it is

  constexpr operator double() const noexcept { return value; }  // NOLINT(google-explicit-constructor)
};

/// The source of a figure that was fitted to a row of `cmm_bench`; `profile::calibration` names the row.
inline constexpr const char* from_a_row = "calibrated by a row of cmm_bench";

/// The source of an assumed figure that was last changed by someone who had seen rows of an H200. It is no
/// blind prediction of those rows.
inline constexpr const char* after_h200 = "assumed; chosen knowing the results of an H200";

/// A calibrated figure, by the name that `for_each_figure` gives it, and the row it was fitted to.
struct calibrated {
  const char* figure = "";
  const char* row = "";
};

/// What figures are counted in; `pure` ones are numbers of something, or shares.
namespace unit {
inline constexpr const char* rate = "GB/s";
inline constexpr const char* time = "ns";
inline constexpr const char* size = "bytes";
inline constexpr const char* work = "FLOP/ns";
inline constexpr const char* each_byte = "ns/byte";
inline constexpr const char* pure = "";
}  // namespace unit

namespace detail {

/// Calls `visit(name, one)` for names and what each of them stands before.
constexpr void each_pair(auto&& visit, const char* name, auto& one, auto&... more) {
  visit(name, one);
  if constexpr (sizeof...(more) != 0) each_pair(visit, more...);
}

}  // namespace detail

/// One kind of memory: capacity in bytes, bandwidth in GB/s (bytes in a nanosecond), latency in nanoseconds.
struct tier {
  figure capacity{};
  figure peak{};
  figure read{};
  figure write{};
  figure latency{};

  static constexpr void each(auto& of, auto&& visit) {
    visit(unit::size, "capacity", of.capacity);
    visit(unit::rate, "peak", of.peak, "read", of.read, "write", of.write);
    visit(unit::time, "latency", of.latency);
  }
};

/// One CPU thread: GB/s of a loop over every word, and nanoseconds of an access to another page.
struct cpu_thread {
  figure read{};
  figure write{};
  figure access{};

  static constexpr void each(auto& of, auto&& visit) {
    visit(unit::rate, "read", of.read, "write", of.write);
    visit(unit::time, "access", of.access);
  }
};

/// A GPU: how much its kernels keep in flight, its cache, and its arithmetic in FLOP of a nanosecond.
struct processor {
  figure multiprocessors{};
  figure in_flight{};  ///< bytes that a kernel over all bytes has in flight on each multiprocessor
  figure threads{};    ///< of each multiprocessor
  figure launch{};     ///< nanoseconds a kernel takes at least
  figure cache{};      ///< bytes of the L2
  figure cache_latency{};
  figure bf16{};
  figure fp8{};
  figure fp32{};
  figure product_share{};  ///< of the arithmetic peak that a matrix product reaches when it fills the GPU
  figure fp8_share{};      ///< of that, in fp8

  static constexpr void each(auto& of, auto&& visit) {
    visit(unit::pure, "multiprocessors", of.multiprocessors);
    visit(unit::size, "in_flight", of.in_flight);
    visit(unit::pure, "threads", of.threads);
    visit(unit::time, "launch", of.launch);
    visit(unit::size, "cache", of.cache);
    visit(unit::time, "cache_latency", of.cache_latency);
    visit(unit::work, "bf16", of.bf16, "fp8", of.fp8, "fp32", of.fp32);
    visit(unit::pure, "product_share", of.product_share, "fp8_share", of.fp8_share);
  }
};

/// What joins host and GPU: GB/s and nanoseconds. `cpu_read` is 0 where the CPU cannot load from HBM.
struct link {
  figure peak{};  ///< each way
  figure h2d{};
  figure d2h{};
  figure both{};  ///< both ways together, whoever moves the bytes
  figure remote_read{};
  figure remote_write{};
  figure remote_both{};  ///< both ways together, by one kernel
  figure remote_latency{};
  figure far{};  ///< at most, where the memory belongs to another socket
  figure cpu_read{};
  figure peer{};       ///< from one GPU to another, by the copy engine
  figure peer_read{};  ///< by a kernel that reads memory of another GPU
  figure peer_write{};
  figure peer_both{};  ///< both ways together, whoever moves the bytes
  figure peer_peak{};  ///< each way

  static constexpr void each(auto& of, auto&& visit) {
    visit(unit::rate, "peak", of.peak, "h2d", of.h2d, "d2h", of.d2h, "both", of.both, "remote_read",
          of.remote_read, "remote_write", of.remote_write, "remote_both", of.remote_both);
    visit(unit::time, "remote_latency", of.remote_latency);
    visit(unit::rate, "far", of.far, "cpu_read", of.cpu_read, "peer", of.peer, "peer_read", of.peer_read,
          "peer_write", of.peer_write, "peer_both", of.peer_both, "peer_peak", of.peer_peak);
  }
};

/// What copies cost beyond their bytes, in nanoseconds: each call on the host, each copy on the engine.
struct copy_costs {
  figure call{};
  figure batched{};  ///< each copy of a batch, on the host
  figure inlined{};  ///< on the host, each small copy to a GPU: its bytes go into the command
  figure engine{};
  figure engine_batched{};
  figure staged{};  ///< GB/s of memory that the GPU cannot read itself

  static constexpr void each(auto& of, auto&& visit) {
    visit(unit::time, "call", of.call, "batched", of.batched, "inlined", of.inlined, "engine", of.engine,
          "engine_batched", of.engine_batched);
    visit(unit::rate, "staged", of.staged);
  }
};

/// Kernels that move pages: GB/s of one thread block each way, nanoseconds of a piece beyond its bytes, and
/// what movers and products that run at once take of each other.
struct mover_costs {
  figure up{};  ///< threads load and store
  figure down{};
  figure swap{};
  figure ring_up{};  ///< bulk copies through shared memory
  figure ring_down{};
  figure ring_swap{};
  figure piece{};
  figure beside{};        ///< share of their rate that thread blocks keep beside a product
  figure slows{};         ///< by which share one slows a product that waits for memory
  figure slows_large{};   ///< by which share, however many, they slow one that waits for arithmetic
  figure saturated{};     ///< by which share more, once the link is full
  figure engine_slows{};  ///< by which the copy engine slows products that wait for memory

  static constexpr void each(auto& of, auto&& visit) {
    visit(unit::rate, "up", of.up, "down", of.down, "swap", of.swap, "ring_up", of.ring_up, "ring_down",
          of.ring_down, "ring_swap", of.ring_swap);
    visit(unit::time, "piece", of.piece);
    visit(unit::pure, "beside", of.beside, "slows", of.slows, "slows_large", of.slows_large, "saturated",
          of.saturated, "engine_slows", of.engine_slows);
  }
};

/// Host time of calls in nanoseconds. A pair is one call that takes memory and one that gives it back.
struct call_costs {
  figure managed_pair{};
  figure device_pair{};  ///< of blocks that the driver maps by themselves
  figure device_pair_per_byte{};
  figure small_device_pair{};  ///< of blocks that share a chunk of 2 MiB with live ones
  figure system_pair{};
  figure pinned_per_byte{};
  figure host_memory_per_byte{};  ///< of a memory handle on a NUMA node, whatever the threads
  figure map_per_byte{};          ///< a range is mapped and opened
  figure unmap_per_byte{};        ///< it is unmapped and its memory given back
  figure pool_create{};
  figure pool_pair{};          ///< of managed or host memory
  figure device_pool_share{};  ///< of `pool_pair`, for device memory
  figure advise{};
  figure event{};
  figure ask{};      ///< whatever only asks
  figure launch{};   ///< a kernel
  figure product{};  ///< a matrix product
  figure wait{};     ///< from the end of work until the waiting thread goes on

  static constexpr void each(auto& of, auto&& visit) {
    visit(unit::time, "managed_pair", of.managed_pair, "device_pair", of.device_pair);
    visit(unit::each_byte, "device_pair_per_byte", of.device_pair_per_byte);
    visit(unit::time, "small_device_pair", of.small_device_pair, "system_pair", of.system_pair);
    visit(unit::each_byte, "pinned_per_byte", of.pinned_per_byte, "host_memory_per_byte",
          of.host_memory_per_byte, "map_per_byte", of.map_per_byte, "unmap_per_byte", of.unmap_per_byte);
    visit(unit::time, "pool_create", of.pool_create, "pool_pair", of.pool_pair);
    visit(unit::pure, "device_pool_share", of.device_pool_share);
    visit(unit::time, "advise", of.advise, "event", of.event, "ask", of.ask, "launch", of.launch, "product",
          of.product, "wait", of.wait);
  }
};

/// What faults cost: nanoseconds of the driver, GB/s where bytes are meant.
struct fault_costs {
  figure batch{};              ///< one round: the GPU reports, the driver reads the faults and replays them
  figure service{};            ///< one page of 2 MiB in one round
  figure service_migration{};  ///< the same where the host holds bytes of it
  figure granule{};            ///< each 64 KiB that is populated by itself
  figure cpu_fault{};
  figure cpu_zero{};     ///< GB/s at which the host clears fresh memory
  figure cpu_migrate{};  ///< GB/s at which pages go back to the host

  static constexpr void each(auto& of, auto&& visit) {
    visit(unit::time, "batch", of.batch, "service", of.service, "service_migration", of.service_migration,
          "granule", of.granule, "cpu_fault", of.cpu_fault);
    visit(unit::rate, "cpu_zero", of.cpu_zero, "cpu_migrate", of.cpu_migrate);
  }
};

/// What `cudaMemPrefetchAsync` costs in nanoseconds.
struct prefetch_costs {
  figure call{};
  figure queued{};  ///< more of a call whose stream still works: a thread of the driver takes it over
  figure block{};   ///< each page of 2 MiB that is populated, or freed
  figure range_migration{};  ///< each range of which bytes move
  figure handoff{};          ///< the share by which threads that prefetch at once slow each other down
  figure blocked{};          ///< the part of a migration for which the call blocks its thread

  static constexpr void each(auto& of, auto&& visit) {
    visit(unit::time, "call", of.call, "queued", of.queued, "block", of.block, "range_migration",
          of.range_migration);
    visit(unit::pure, "handoff", of.handoff, "blocked", of.blocked);
  }
};

/// A machine to simulate. `unified` machines have one memory, which both CPU and GPU reach at full speed.
struct profile {
  const char* name = "";
  int devices = 1;     ///< at most 63
  int numa_nodes = 1;  ///< NUMA nodes of the CPUs, numbered from 0
  bool unified = false;
  tier hbm{};   ///< of each device
  tier host{};  ///< of all NUMA nodes together; rates are those of one node
  cpu_thread cpu{};
  processor gpu{};
  sim::link link{};
  copy_costs copies{};
  mover_costs movers{};
  call_costs calls{};
  fault_costs faults{};
  prefetch_costs prefetch{};
  std::array<figure, 9> capabilities{};  ///< by `cmm::attribute`
  std::span<const calibrated> calibration{};

  /// Calls `visit(group, name, figure, unit)` for each figure but the capabilities.
  static constexpr void each(auto& of, auto&& visit) {
    const auto all = [&](const char* group, auto& figures) {
      figures.each(figures, [&](const char* unit, auto&... named) {
        detail::each_pair([&](const char* of_it, auto& one) { visit(group, of_it, one, unit); }, named...);
      });
    };
    detail::each_pair(all, "hbm", of.hbm, "host", of.host, "cpu", of.cpu, "gpu", of.gpu, "link", of.link,
                      "copies", of.copies, "movers", of.movers, "calls", of.calls, "faults", of.faults,
                      "prefetch", of.prefetch);
  }

  /// What `attribute` answers on this machine.
  [[nodiscard]] constexpr int capability(attribute what) const noexcept {
    return static_cast<int>(capabilities[static_cast<std::size_t>(what)].value);
  }
  /// True where the CPU loads from HBM and the GPU from malloc memory, without migration.
  [[nodiscard]] constexpr bool coherent() const noexcept { return link.cpu_read > 0; }
  [[nodiscard]] constexpr int nearest_node(int device) const noexcept {
    return device * numa_nodes / devices;
  }
  [[nodiscard]] constexpr int host_numa_id(int device) const noexcept {
    return capability(attribute::host_numa_id) < 0 ? -1 : nearest_node(device);
  }
};

}  // namespace cmm::sim
