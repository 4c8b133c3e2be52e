#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "faults.hpp"

namespace cmm::sim {

/// The rate at which kernels of a device, or its copy engine, reach the memory of a NUMA node.
inline double over_link(const profile& machine, int node, int device, access how, bool engine = false) {
  const link& of = machine.link;
  const double kernels = how == access::read ? of.remote_read : of.remote_write;
  const double rate = !engine ? kernels : how == access::read ? of.h2d : of.d2h;
  return node == machine.nearest_node(device) ? rate : std::min(rate, double{of.far});
}

namespace detail {

/// A node for the page's host memory: its preferred one, the one it is on, or the given one.
inline int home_node(const page& p, int otherwise) noexcept {
  if (p.preferred.what == location::kind::host_numa) return p.preferred.id;
  return p.on_host != 0 ? p.node : otherwise;
}

/// The page is read where it lies, on the host: nanoseconds, or -1 when memory is full.
inline double map_remote(state& s, const allocation& block, page& p, std::uint32_t mask,
                         const kernel_reach& by) {
  const std::uint32_t fresh = mask & p.fresh();
  if (!s.memory.to_host(p, fresh, home_node(p, s.machine.nearest_node(by.device)))) return -1;
  const bool mapped =
      p.mapped_remote || p.used_by(by.device) || block.kind == memory_kind::system || (mask & p.on_host) == 0;
  p.mapped_remote = true;
  if (mapped && fresh == 0) return 0;
  ++s.memory.count.gpu_faults;
  return static_cast<double>(bytes_of(fresh)) / s.machine.faults.cpu_zero +
         fault_service(s.machine.faults, false, 1, true, by.pages);
}

inline double first_touch_of_unified(state& s, page& p, std::uint32_t fresh) {
  if (!s.memory.to_host(p, fresh, 0)) return -1;
  s.memory.count.gpu_faults += static_cast<std::uint64_t>(std::popcount(fresh));
  return static_cast<double>(bytes_of(fresh)) / s.machine.faults.cpu_zero;
}

/// Makes granules of a page usable by the device; nanoseconds spent on faults, or -1 when memory is full.
inline double make_usable(state& s, const allocation& block, page& p, std::uint32_t mask, const touch& use,
                          const kernel_reach& by) {
  if (s.machine.unified) return first_touch_of_unified(s, p, mask & ~p.on_host);
  double followed = 0;
  if (p.on_device != 0 && p.device != by.device) {
    followed = fault_service(s.machine.faults, true, 1, true, by.pages) +
               static_cast<double>(bytes_of(p.on_device)) / s.machine.link.peer;
    if (!s.memory.to_device(p, p.on_device, by.device, false)) return -1;
  }
  const bool stays = block.kind == memory_kind::system || p.prefers_host() || p.used_by(by.device) ||
                     (s.machine.coherent() && p.evicted);
  const bool in_place = stays && ((mask & p.fresh()) == 0 || p.prefers_host());
  if (use.how == access::write && p.read_mostly) s.memory.drop_host(p, p.on_device & mask);
  const double served = in_place ? map_remote(s, block, p, mask, by)
                                 : serve_gpu(s, p, mask, use, by, stays ? ~p.on_host : ~std::uint32_t{0});
  return served < 0 ? served : followed + served;
}

inline bool pinned_to_device(const page& p) noexcept {
  return p.preferred.what == location::kind::device && p.on_device != 0 && p.preferred.id == p.device;
}

}  // namespace detail

/// A kernel touches managed or system memory: what moves, after nvidia-uvm, and what it costs.
inline outcome gpu_touch(state& s, allocation& block, const touch& use, const kernel_reach& by) {
  outcome sum;
  const bool done = each_page(block, use.offset, use.bytes, [&](page& p, const page_slice& part) {
    const std::uint32_t mask = use.reached(part);
    if (mask == 0) return true;
    const double faults = detail::make_usable(s, block, p, mask, use, by);
    if (faults < 0) return false;
    sum.faults += faults;
    const double moved = use.moved(part);
    if (s.machine.unified || (p.on_device & mask) == mask) {
      sum.near += moved / rate_of(s.machine.hbm, use.how);
    } else {
      sum.over.add(use.how, moved, over_link(s.machine, p.node, by.device, use.how));
      s.memory.count.bytes_remote += static_cast<std::uint64_t>(moved);
    }
    s.memory.use(p);
    return true;
  });
  if (!done) sum.code = errc::out_of_memory;
  return sum;
}

/// Nanoseconds in which the loops of some CPU threads pass over a part of memory that they reach.
inline double cpu_time(const profile& machine, const touch& use, const page_slice& part, int threads,
                       bool remote) {
  if (!use.dense()) return static_cast<double>(use.points(part)) * machine.cpu.access / threads;
  const double memory = remote ? machine.link.cpu_read : rate_of(machine.host, use.how);
  return static_cast<double>(part.bytes) / std::min(memory, threads * rate_of(machine.cpu, use.how));
}

/// Loops of CPU threads touch managed or system memory.
inline outcome cpu_touch(state& s, allocation& block, const touch& use, int threads) {
  outcome sum;
  const bool done = each_page(block, use.offset, use.bytes, [&](page& p, const page_slice& part) {
    const std::uint32_t mask = use.reached(part);
    const bool stays =
        s.machine.coherent() && (block.kind == memory_kind::system || detail::pinned_to_device(p) ||
                                 (p.accessed_by & page::host_bit) != 0);
    const std::uint32_t remote = stays ? mask & p.on_device & ~p.on_host : 0;
    const double faults = serve_cpu(s, p, mask & ~remote, detail::home_node(p, 0), use.how == access::write);
    if (faults < 0) return false;
    if (!stays) p.mapped_remote = false;
    if (remote != 0) s.memory.count.bytes_remote += static_cast<std::uint64_t>(use.moved(part));
    sum.faults += faults;
    sum.near += cpu_time(s.machine, use, part, threads, remote != 0);
    return true;
  });
  if (!done) sum.code = errc::out_of_memory;
  return sum;
}

}  // namespace cmm::sim
