#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "profile.hpp"

namespace cmm::sim {

namespace detail {

inline constexpr const char* rate = "GB/s";
inline constexpr const char* time = "ns";
inline constexpr const char* size = "bytes";
inline constexpr const char* work = "FLOP/ns";
inline constexpr const char* pure = "";

void each_figure(const tier& of, auto&& visit) {
  visit("capacity", of.capacity, size);
  visit("peak", of.peak, rate);
  visit("read", of.read, rate);
  visit("write", of.write, rate);
  visit("latency", of.latency, time);
}
void each_figure(const cpu_thread& of, auto&& visit) {
  visit("read", of.read, rate);
  visit("write", of.write, rate);
  visit("access", of.access, time);
}
void each_figure(const processor& of, auto&& visit) {
  visit("multiprocessors", of.multiprocessors, pure);
  visit("in_flight", of.in_flight, size);
  visit("threads", of.threads, pure);
  visit("launch", of.launch, time);
  visit("cache", of.cache, size);
  visit("cache_latency", of.cache_latency, time);
  visit("bf16", of.bf16, work);
  visit("fp8", of.fp8, work);
  visit("fp32", of.fp32, work);
  visit("product_share", of.product_share, pure);
}
void each_figure(const link& of, auto&& visit) {
  visit("peak", of.peak, rate);
  visit("h2d", of.h2d, rate);
  visit("d2h", of.d2h, rate);
  visit("both", of.both, rate);
  visit("remote_read", of.remote_read, rate);
  visit("remote_write", of.remote_write, rate);
  visit("remote_both", of.remote_both, rate);
  visit("remote_latency", of.remote_latency, time);
  visit("far", of.far, rate);
  visit("cpu_read", of.cpu_read, rate);
  visit("peer", of.peer, rate);
  visit("peer_read", of.peer_read, rate);
  visit("peer_write", of.peer_write, rate);
  visit("peer_both", of.peer_both, rate);
  visit("peer_peak", of.peer_peak, rate);
}
void each_figure(const copy_costs& of, auto&& visit) {
  visit("call", of.call, time);
  visit("batched", of.batched, time);
  visit("engine", of.engine, time);
  visit("engine_batched", of.engine_batched, time);
  visit("staged", of.staged, rate);
}
void each_figure(const mover_costs& of, auto&& visit) {
  visit("up", of.up, rate);
  visit("down", of.down, rate);
  visit("swap", of.swap, rate);
  visit("ring_up", of.ring_up, rate);
  visit("ring_down", of.ring_down, rate);
  visit("ring_swap", of.ring_swap, rate);
  visit("piece", of.piece, time);
  visit("beside", of.beside, pure);
  visit("slows", of.slows, pure);
  visit("slows_large", of.slows_large, pure);
  visit("saturated", of.saturated, pure);
  visit("engine_slows", of.engine_slows, pure);
}
void each_figure(const call_costs& of, auto&& visit) {
  visit("managed_pair", of.managed_pair, time);
  visit("device_pair", of.device_pair, time);
  visit("device_pair_per_byte", of.device_pair_per_byte, "ns/byte");
  visit("small_device_pair", of.small_device_pair, time);
  visit("system_pair", of.system_pair, time);
  visit("pinned_per_byte", of.pinned_per_byte, "ns/byte");
  visit("host_memory_per_byte", of.host_memory_per_byte, "ns/byte");
  visit("map_per_byte", of.map_per_byte, "ns/byte");
  visit("unmap_per_byte", of.unmap_per_byte, "ns/byte");
  visit("pool_create", of.pool_create, time);
  visit("pool_pair", of.pool_pair, time);
  visit("device_pool_share", of.device_pool_share, pure);
  visit("advise", of.advise, time);
  visit("event", of.event, time);
  visit("ask", of.ask, time);
  visit("launch", of.launch, time);
  visit("product", of.product, time);
  visit("wait", of.wait, time);
}
void each_figure(const fault_costs& of, auto&& visit) {
  visit("batch", of.batch, time);
  visit("service", of.service, time);
  visit("service_migration", of.service_migration, time);
  visit("granule", of.granule, time);
  visit("cpu_fault", of.cpu_fault, time);
  visit("cpu_zero", of.cpu_zero, rate);
  visit("cpu_migrate", of.cpu_migrate, rate);
}
void each_figure(const prefetch_costs& of, auto&& visit) {
  visit("call", of.call, time);
  visit("queued", of.queued, time);
  visit("block", of.block, time);
  visit("range_migration", of.range_migration, time);
  visit("handoff", of.handoff, pure);
  visit("blocked", of.blocked, pure);
}

}  // namespace detail

/// Calls `visit(name, value, unit, source)` for each figure of a profile; names are unique, such as
/// "faults.batch". The source tells the reason of an assumed figure and the row to which one was fitted.
void for_each_figure(const profile& of, auto&& visit) {
  const auto source_of = [&](std::string_view name, const figure& of_it) {
    std::string text = of_it.source;
    if (*of_it.reason != 0) text += std::string{": "} + of_it.reason;
    for (const calibrated& each : of.calibration) {
      if (name == each.figure) text += std::string{": "} + each.row;
    }
    return text;
  };
  const auto group = [&](const char* prefix, const auto& figures) {
    detail::each_figure(figures, [&](const char* name, const figure& of_it, const char* unit) {
      const std::string full = std::string{prefix} + "." + name;
      visit(full, of_it.value, unit, source_of(full, of_it));
    });
  };
  group("hbm", of.hbm);
  group("host", of.host);
  group("cpu", of.cpu);
  group("gpu", of.gpu);
  group("link", of.link);
  group("copies", of.copies);
  group("movers", of.movers);
  group("calls", of.calls);
  group("faults", of.faults);
  group("prefetch", of.prefetch);
  constexpr const char* attributes[] = {"concurrent_managed_access",
                                        "pageable_memory_access",
                                        "host_numa_id",
                                        "host_numa_pools",
                                        "managed_pools",
                                        "egm",
                                        "mapped_memory",
                                        "mapped_host_memory",
                                        "shareable_memory"};
  for (std::size_t i = 0; i < of.capabilities.size(); ++i) {
    visit(std::string{"capability."} + attributes[i], of.capabilities[i].value, detail::pure,
          std::string{of.capabilities[i].source});
  }
}

}  // namespace cmm::sim
