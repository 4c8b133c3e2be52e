#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "../machine/tiers.hpp"
#include "../profiles/profile.hpp"
#include "chunks.hpp"
#include "touch.hpp"

namespace cmm::sim {

/// How a kernel meets memory: the device it runs on, and the pages of 2 MiB its threads use at once, which
/// fault in the same rounds.
struct kernel_reach {
  int device = 0;
  double pages = 1;
};

/// The faults of a kernel, after nvidia-uvm: rounds in which the driver reads up to 256 faults, serves each
/// page of 2 MiB they are in, brings along what is dense enough, and lets the GPU try again.
class gpu_faults {
 public:
  gpu_faults(const profile& machine, tiers& memory, counters& count) noexcept
      : machine_{machine}, memory_{memory}, count_{count} {}

  /// The driver's time for one page in one round that brings some separate regions of it: in full for the
  /// first that the device gets of the page, which also takes a chunk of memory, and less for all further
  /// ones. Pages that fault at once share what a round costs.
  [[nodiscard]] double service(bool migration, int regions, bool first, double pages_at_once) const noexcept {
    const fault_costs& cost = machine_.faults;
    const double round = migration ? round_of_migration * cost.batch : double{cost.batch};
    return round / std::clamp(pages_at_once, 1.0, most_faults) +
           (next_region * regions + (first ? 1 - next_region : 0.0)) *
               (migration ? cost.service_migration : cost.service);
  }

  /// Brings the granules of the slice to the device, among those in `wanted`; nanoseconds, or -1 when memory
  /// is full.
  double serve(page& p, const page_slice& part, const touch& use, const kernel_reach& by,
               std::uint32_t wanted) {
    std::uint32_t missing = part.mask & ~p.on_device & wanted;
    const bool copy = p.read_mostly && use.how == access::read;
    double time = missing != 0 && p.on_device == 0 ? split_chunk(machine_, p) : 0.0;
    while (missing != 0) {
      const std::uint32_t faulted = reported(missing, use, by.pages);
      const std::uint32_t region = served(p, faulted, by.device) & p.valid & wanted & ~p.on_device;
      const std::size_t evicted = count_.bytes_evicted;
      const bool first = p.on_device == 0;
      const std::uint32_t migrated = region & p.on_host;
      if (!memory_.to_device(p, region, by.device, copy, count_)) return -1;
      count_.gpu_faults += static_cast<std::uint64_t>(std::popcount(faulted));
      missing &= ~region;
      time += service(migrated != 0, regions_in(region), first, by.pages) +
              machine_.faults.granule * std::popcount(region) +
              static_cast<double>(bytes_of(migrated)) / machine_.link.h2d +
              static_cast<double>(count_.bytes_evicted - evicted) / machine_.faults.cpu_migrate;
    }
    return time;
  }

 private:
  static constexpr double most_faults = 256;  // of one round: uvm_perf_fault_batch_count
  /// What a region takes of the first of its page. Assumed, chosen knowing the results of an H200: the page
  /// is found and locked again, but has its chunk of memory already.
  static constexpr double next_region = 0.5;

  /// What a round takes in which bytes come from the host, of one that only populates. Assumed, chosen
  /// knowing the results of an H200: the driver waits for the CPUs to unmap the pages, and for the copy.
  static constexpr double round_of_migration = 2;

  static int regions_in(std::uint32_t mask) noexcept { return std::popcount(mask & ~(mask << 1)); }

  /// The granules whose faults are in the next round: the page's share of it, counted in pages of 4 KiB. A
  /// grid over all bytes works on two parts of a page at once, one over strides on four, each in order; its
  /// faults come in runs.
  static std::uint32_t reported(std::uint32_t missing, const touch& use, double pages_at_once) {
    constexpr double os_page = 4096;
    const double spacing = std::max(os_page, static_cast<double>(use.stride));
    const double in_granule = std::max(1.0, static_cast<double>(granule_bytes) / spacing);
    const double share = most_faults / std::clamp(pages_at_once, 1.0, most_faults);
    auto left = static_cast<int>(std::clamp(std::round(share / in_granule), 1.0, double{granules}));
    const bool grid = use.bytes >= page_bytes;
    std::uint32_t faulted = 0;
    for (unsigned at = grid ? next_part(missing, use.dense() ? 2 : 4) : 0;
         left > 0 && (missing & ~faulted) != 0; at = (at + 1) % granules) {
      const std::uint32_t bit = std::uint32_t{1} << at;
      if ((missing & bit) == 0) continue;
      faulted |= bit;
      --left;
    }
    return faulted;
  }

  /// The first granule of the part of a page that is furthest behind.
  static unsigned next_part(std::uint32_t missing, unsigned parts) noexcept {
    const unsigned each = granules / parts;
    unsigned best = 0;
    int most = 0;
    for (unsigned part = 0; part < parts; ++part) {
      const std::uint32_t mask = (std::uint32_t{1} << each) - 1;
      const int count = std::popcount(missing & (mask << (part * each)));
      if (count <= most) continue;
      most = count;
      best = part * each;
    }
    return best;
  }

  /// What the round brings: the faulted granules and what is dense enough around them, or the whole page when
  /// it is the first touch of a page that prefers this device.
  static std::uint32_t served(const page& p, std::uint32_t faulted, int device) {
    const bool empty = (p.on_device | p.on_host) == 0;
    if (empty && p.preferred == location::device(device)) return ~std::uint32_t{0};
    std::uint32_t region = faulted;
    for (std::uint32_t left = faulted; left != 0; left &= left - 1) {
      region |= density_region(p.on_device | faulted, static_cast<unsigned>(std::countr_zero(left)));
    }
    return region;
  }

  const profile& machine_;
  tiers& memory_;
  counters& count_;
};

}  // namespace cmm::sim
