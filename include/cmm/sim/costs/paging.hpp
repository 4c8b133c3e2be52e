#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "../machine/tiers.hpp"
#include "../profiles/profile.hpp"
#include "cpu_faults.hpp"
#include "faults.hpp"
#include "touch.hpp"
#include "traffic.hpp"

namespace cmm::sim {

/// What moves when processors touch managed or system memory, after nvidia-uvm, and what it costs by the
/// profile.
class paging {
 public:
  paging(const profile& machine, tiers& memory, counters& count) noexcept
      : machine_{machine}, memory_{memory}, count_{count}, faults_{machine, memory, count} {}

  /// A kernel touches the memory.
  outcome gpu_touch(allocation& block, const touch& use, const kernel_reach& by) {
    outcome sum;
    const bool done = each_page(block, use.offset, use.bytes, [&](page& p, page_slice part) {
      part.mask = use.reached(part);
      if (part.mask == 0) return true;
      const double faults = make_usable(block, p, part, use, by);
      if (faults < 0) return false;
      sum.faults += faults;
      const double moved = use.moved(part);
      const bool reads = use.how == access::read;
      if (machine_.unified || (p.on_device & part.mask) == part.mask) {
        sum.near += moved / (reads ? machine_.hbm.read : machine_.hbm.write);
      } else {
        const double rate = over_link(p.node, by.device, use.how);
        reads ? sum.over.add_up(moved, rate) : sum.over.add_down(moved, rate);
        count_.bytes_remote += static_cast<std::uint64_t>(moved);
      }
      memory_.use(p);
      return true;
    });
    if (!done) sum.code = errc::out_of_memory;
    return sum;
  }

  /// Loops of CPU threads touch the memory.
  outcome cpu_touch(allocation& block, const touch& use, int threads) {
    outcome sum;
    const bool write = use.how == access::write;
    const bool done = each_page(block, use.offset, use.bytes, [&](page& p, page_slice part) {
      part.mask = use.reached(part);
      const bool stays = machine_.coherent() && (block.kind == memory_kind::system || pinned_to_device(p) ||
                                                 (p.accessed_by & page::host_bit) != 0);
      const std::uint32_t remote = stays ? part.mask & p.on_device & ~p.on_host : 0;
      const cpu_faults served{machine_, memory_, count_, part.mask & ~remote, home_node(p, 0)};
      const double faults = served.serve(p, write);
      if (faults < 0) return false;
      if (!stays) p.mapped_remote = false;
      if (remote != 0) count_.bytes_remote += static_cast<std::uint64_t>(use.moved(part));
      sum.faults += faults;
      sum.near += cpu_time(machine_, use, part, threads, remote != 0);
      return true;
    });
    if (!done) sum.code = errc::out_of_memory;
    return sum;
  }

  /// The rate at which kernels of a device, or its copy engine, reach the memory of a NUMA node.
  [[nodiscard]] double over_link(int node, int device, access how, bool engine = false) const noexcept {
    const sim::link& link = machine_.link;
    const double kernels = how == access::read ? link.remote_read : link.remote_write;
    const double rate = !engine ? kernels : how == access::read ? link.h2d : link.d2h;
    return node == machine_.nearest_node(device) ? rate : std::min(rate, double{machine_.link.far});
  }

  /// A node for the page's host memory: its preferred one, the one it is on, or the given one.
  [[nodiscard]] int home_node(const page& p, int otherwise) const noexcept {
    if (p.preferred.what == location::kind::host_numa) return p.preferred.id;
    return p.on_host != 0 ? p.node : otherwise;
  }

 private:
  static bool pinned_to_device(const page& p) noexcept {
    return p.preferred.what == location::kind::device && p.on_device != 0 && p.preferred.id == p.device;
  }

  /// Makes the slice usable by the device; nanoseconds spent on faults, or -1 when memory is full.
  double make_usable(const allocation& block, page& p, const page_slice& part, const touch& use,
                     const kernel_reach& by) {
    if (machine_.unified) return first_touch_of_unified(p, part.mask & ~p.on_host);
    double followed = 0;
    if (p.on_device != 0 && p.device != by.device) {
      followed = faults_.service(true, 1, true, by.pages) +
                 static_cast<double>(bytes_of(p.on_device)) / machine_.link.peer;
      if (!memory_.to_device(p, p.on_device, by.device, false, count_)) return -1;
    }
    const bool write = use.how == access::write;
    const std::uint32_t fresh = part.mask & ~p.on_device & ~p.on_host;
    const bool stays = block.kind == memory_kind::system || p.prefers_host() || p.used_by(by.device) ||
                       (machine_.coherent() && p.evicted);
    if (write && p.read_mostly) memory_.drop_host(p, p.on_device & part.mask);
    const double served = stays && (fresh == 0 || p.prefers_host())
                              ? map_remote(block, p, part, by, fresh)
                              : faults_.serve(p, part, use, by, stays ? ~p.on_host : ~std::uint32_t{0});
    return served < 0 ? served : followed + served;
  }

  double map_remote(const allocation& block, page& p, const page_slice& part, const kernel_reach& by,
                    std::uint32_t fresh) {
    const int node = home_node(p, machine_.nearest_node(by.device));
    if (!memory_.to_host(p, fresh, node, count_)) return -1;
    const bool mapped = p.mapped_remote || p.used_by(by.device) || block.kind == memory_kind::system ||
                        (part.mask & p.on_host) == 0;
    p.mapped_remote = true;
    if (mapped && fresh == 0) return 0;
    ++count_.gpu_faults;
    return static_cast<double>(bytes_of(fresh)) / machine_.faults.cpu_zero +
           faults_.service(false, 1, true, by.pages);
  }

  double first_touch_of_unified(page& p, std::uint32_t fresh) {
    if (!memory_.to_host(p, fresh, 0, count_)) return -1;
    count_.gpu_faults += static_cast<std::uint64_t>(std::popcount(fresh));
    return static_cast<double>(bytes_of(fresh)) / machine_.faults.cpu_zero;
  }

  const profile& machine_;
  tiers& memory_;
  counters& count_;
  gpu_faults faults_;
};

}  // namespace cmm::sim
