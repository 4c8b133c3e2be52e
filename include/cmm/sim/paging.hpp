#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "../core/status.hpp"
#include "profile.hpp"
#include "tiers.hpp"
#include "touch.hpp"

namespace cmm::sim {

/// What an act on memory came to, and the nanoseconds it takes the one who does it.
struct outcome {
  errc code = errc::success;
  double nanoseconds = 0;
};

/// What moves when processors touch memory, after nvidia-uvm, and what it costs by the profile.
class paging {
 public:
  paging(const profile& machine, tiers& memory, counters& count) noexcept
      : machine_{machine}, memory_{memory}, count_{count} {}

  /// A kernel on `device` touches managed or system memory. `woken` is set by the first fault of the kernel.
  outcome gpu_touch(allocation& block, const touch& use, int device, bool& woken) {
    double time = 0;
    const bool grid = use.bytes > page_bytes;
    const bool done = each_page(block, use.offset, use.bytes, [&](page& p, page_slice part) {
      part.mask = use.reached(part);
      if (part.mask == 0) return true;
      const double faults = gpu_faults(block, p, part, use, device, grid);
      if (faults < 0) return false;
      if (faults > 0 && !woken) time += machine_.faults.wake_up;
      woken = woken || faults > 0;
      const bool local = machine_.unified || (p.on_device & part.mask) == part.mask;
      const auto& [h2d, d2h, remote_read, remote_write, latency, cpu_read] = machine_.link;
      const double near = use.how == access::read ? machine_.hbm.read : machine_.hbm.write;
      const double far = use.how == access::read ? remote_read : remote_write;
      time += faults + use.moved(part) / (local ? near : far);
      if (!local) count_.bytes_remote += static_cast<std::uint64_t>(use.moved(part));
      memory_.use(p);
      return true;
    });
    return {done ? errc::success : errc::out_of_memory, time};
  }

  /// A loop on the CPU touches managed or system memory.
  outcome cpu_touch(allocation& block, const touch& use) {
    double time = 0;
    const bool done = each_page(block, use.offset, use.bytes, [&](page& p, page_slice part) {
      part.mask = use.reached(part);
      const bool write = use.how == access::write;
      const bool stays = machine_.coherent() && (block.kind == memory_kind::system || pinned_to_device(p) ||
                                                 (p.accessed_by & page::host_bit) != 0);
      const std::uint32_t fresh = part.mask & ~p.on_device & ~p.on_host;
      const std::uint32_t there = part.mask & p.on_device & ~p.on_host;
      const std::uint32_t remote = stays ? there : 0;
      const std::uint32_t moving = there & ~remote;
      const int node = home_node(p, 0);
      if (!memory_.to_host(p, fresh | moving, node, count_)) return false;
      if (write || !p.read_mostly) memory_.drop_device(p, write ? part.mask & ~remote : moving);
      if (!stays) p.mapped_remote = false;
      count_.cpu_faults += static_cast<std::uint64_t>(std::popcount(fresh | moving));
      if (remote != 0) count_.bytes_remote += static_cast<std::uint64_t>(use.moved(part));
      time += static_cast<double>(bytes_of(fresh)) / machine_.faults.cpu_first_touch +
              static_cast<double>(bytes_of(moving)) / machine_.faults.cpu_migration +
              (remote != 0 ? use.moved(part) / machine_.link.cpu_read : 0.0) +
              (remote == 0 ? use.moved(part) / (write ? machine_.host.write : machine_.host.read) : 0.0);
      return true;
    });
    return {done ? errc::success : errc::out_of_memory, time};
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
  double gpu_faults(const allocation& block, page& p, const page_slice& part, const touch& use, int device,
                    bool grid) {
    if (machine_.unified) return first_touch_of_unified(p, part.mask & ~p.on_host);
    const bool elsewhere = p.on_device != 0 && p.device != device;
    if (elsewhere && !memory_.to_device(p, p.on_device, device, false, count_)) return -1;
    const bool write = use.how == access::write;
    const std::uint32_t fresh = part.mask & ~p.on_device & ~p.on_host;
    const bool stays = block.kind == memory_kind::system || p.prefers_host() || p.used_by(device) ||
                       (machine_.coherent() && p.evicted);
    if (write && p.read_mostly) memory_.drop_host(p, p.on_device & part.mask);
    if (stays && (fresh == 0 || p.prefers_host())) {
      const std::size_t before = evictions();
      if (!memory_.to_host(p, fresh, home_node(p, machine_.nearest_node(device)), count_)) return -1;
      const bool mapped = p.mapped_remote || p.used_by(device) || block.kind == memory_kind::system ||
                          (part.mask & p.on_host) == 0;
      p.mapped_remote = true;
      if (!mapped) ++count_.gpu_faults;
      return (mapped && fresh == 0 ? 0.0 : double{machine_.faults.service_fresh}) + eviction(before);
    }
    const std::uint32_t wanted = stays ? ~p.on_host : ~std::uint32_t{0};
    return fault_in(p, part, use, device, grid, wanted);
  }

  double first_touch_of_unified(page& p, std::uint32_t fresh) {
    if (!memory_.to_host(p, fresh, 0, count_)) return -1;
    count_.gpu_faults += static_cast<std::uint64_t>(std::popcount(fresh));
    return static_cast<double>(bytes_of(fresh)) / machine_.faults.cpu_first_touch;
  }

  /// Serves the faults of the slice, among the granules in `wanted`, and brings what is dense enough along.
  double fault_in(page& p, const page_slice& part, const touch& use, int device, bool grid,
                  std::uint32_t wanted) {
    std::uint32_t missing = part.mask & ~p.on_device & wanted;
    const bool copy = p.read_mostly && use.how == access::read;
    double time = 0;
    const std::size_t moved = count_.bytes_to_device;
    const std::size_t filled = bytes_of(p.on_device);
    const std::size_t before = evictions();
    if (missing != 0 && !use.dense()) {
      const double share = static_cast<double>(std::popcount(missing)) / std::popcount(part.mask);
      time += machine_.faults.strided.at(static_cast<double>(use.stride)) *
              static_cast<double>(use.points(part)) * share;
    }
    for (unsigned step = 0; step < granules && missing != 0; ++step) {
      const unsigned granule = visited(step, grid);
      const auto bit = std::uint32_t{1} << granule;
      if ((missing & bit) == 0) continue;
      const std::uint32_t region = density_region(p.on_device, granule) & p.valid & wanted & ~p.on_device;
      const bool migration = (region & p.on_host) != 0;
      if (!memory_.to_device(p, region, device, copy, count_)) return -1;
      ++count_.gpu_faults;
      missing &= ~region;
      if (use.dense()) time += migration ? machine_.faults.service_migration : machine_.faults.service_fresh;
    }
    if (!use.dense()) return time + eviction(before);
    const auto migrated = static_cast<double>(count_.bytes_to_device - moved);
    const auto populated = static_cast<double>(bytes_of(p.on_device) - filled) - migrated;
    return time + migrated / machine_.prefetch.to_device.points.back().at +
           populated / machine_.prefetch.populate.points.back().at + eviction(before);
  }

  [[nodiscard]] std::size_t evictions() const noexcept { return count_.bytes_evicted; }
  [[nodiscard]] double eviction(std::size_t before) const noexcept {
    return static_cast<double>(evictions() - before) / machine_.faults.eviction;
  }

  const profile& machine_;
  tiers& memory_;
  counters& count_;
};

}  // namespace cmm::sim
