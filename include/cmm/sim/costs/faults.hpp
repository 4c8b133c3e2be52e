#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "../state.hpp"
#include "traffic.hpp"

namespace cmm::sim {

/// Nanoseconds that the driver splits a chunk of GPU memory, or merges it again: nvidia-uvm backs a page that
/// fills its 2 MiB with one chunk, and one that its block covers in part with smaller ones. Assumed,
/// chosen knowing the results of an H200: as long as to map a whole chunk.
inline double split_chunk(const profile& machine, const page& p) noexcept {
  return p.valid == ~std::uint32_t{0} ? 0.0 : machine.prefetch.block;
}

/// What a page takes that is populated by itself, or freed: more for each granule of it, given as a mask,
/// where its chunk is split.
inline double chunk_time(const profile& machine, const page& p, std::uint32_t brought) noexcept {
  const double small = p.valid == ~std::uint32_t{0} ? 0.0 : machine.faults.granule * std::popcount(brought);
  return machine.prefetch.block + split_chunk(machine, p) + small;
}

/// How a kernel meets memory: the device it runs on, and the pages of 2 MiB its threads use at once, which
/// fault in the same rounds.
struct kernel_reach {
  int device = 0;
  double pages = 1;
};

namespace detail {

inline constexpr double most_faults = 256;  // of one round: uvm_perf_fault_batch_count
/// What a region takes of the first of its page. Assumed, chosen knowing the results of an H200: the page
/// is found and locked again, but has its chunk of memory already.
inline constexpr double next_region = 0.5;
/// What a round takes in which bytes come from the host, of one that only populates. Assumed, chosen
/// knowing the results of an H200: the driver waits for the CPUs to unmap the pages, and for the copy.
inline constexpr double round_of_migration = 2;
/// What a further fault of a CPU takes of the first of its page. Assumed, chosen knowing the results of an
/// H200.
inline constexpr double next_fault = 0.7;
inline constexpr double found_cleared = 0.25;  // assumed: of a fault that moves something

/// The granules that come along with a faulting one: the largest power-of-two region around it of which more
/// than 51 % is then resident (the density prefetcher of nvidia-uvm, open-gpu-kernel-modules).
constexpr std::uint32_t density_region(std::uint32_t resident, unsigned granule) noexcept {
  const std::uint32_t with = resident | (std::uint32_t{1} << granule);
  std::uint32_t best = std::uint32_t{1} << granule;
  for (unsigned size = 2; size <= granules; size *= 2) {
    const std::uint32_t region = (~std::uint32_t{0} >> (granules - size)) << (granule / size * size);
    if (static_cast<unsigned>(std::popcount(with & region)) * 100 > 51 * size) best = region;
  }
  return best;
}

/// The first granule of the part of a page that is furthest behind.
constexpr unsigned next_part(std::uint32_t missing, unsigned parts) noexcept {
  const unsigned each = granules / parts;
  unsigned best = 0;
  int most = 0;
  for (unsigned at = 0; at < granules; at += each) {
    const int count = std::popcount(missing >> at & ((std::uint32_t{1} << each) - 1));
    if (count > most) best = at;
    most = std::max(most, count);
  }
  return best;
}

/// The granules whose faults are in the next round: the page's share of it, counted in pages of 4 KiB. A
/// grid over all bytes works on two parts of a page at once, one over strides on four, each in order; its
/// faults come in runs.
inline std::uint32_t reported(std::uint32_t missing, const touch& use, double pages_at_once) {
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

/// What the round brings: the faulted granules and what is dense enough around them, or the whole page when
/// it is the first touch of a page that prefers this device.
inline std::uint32_t served(const page& p, std::uint32_t faulted, int device) {
  const bool empty = (p.on_device | p.on_host) == 0;
  if (empty && p.preferred == location::device(device)) return ~std::uint32_t{0};
  std::uint32_t region = faulted;
  for (std::uint32_t left = faulted; left != 0; left &= left - 1) {
    region |= density_region(p.on_device | faulted, static_cast<unsigned>(std::countr_zero(left)));
  }
  return region;
}

}  // namespace detail

/// The driver's time for one page in one round that brings some separate regions of it: in full for the
/// first that the device gets of the page, which also takes a chunk of memory, and less for all further
/// ones. Pages that fault at once share what a round costs.
inline double fault_service(const fault_costs& cost, bool migration, int regions, bool first,
                            double pages_at_once) noexcept {
  using namespace detail;
  const double round = migration ? round_of_migration * cost.batch : double{cost.batch};
  return round / std::clamp(pages_at_once, 1.0, most_faults) +
         (next_region * regions + (first ? 1 - next_region : 0.0)) *
             (migration ? cost.service_migration : cost.service);
}

/// The faults of a kernel, after nvidia-uvm: rounds in which the driver reads up to 256 faults, serves each
/// page of 2 MiB they are in, brings along what is dense enough among the granules in `wanted`, and lets the
/// GPU try again. Nanoseconds, or -1 when memory is full.
inline double serve_gpu(state& s, page& p, std::uint32_t missing, const touch& use, const kernel_reach& by,
                        std::uint32_t wanted) {
  const fault_costs& costs = s.machine.faults;
  missing &= ~p.on_device & wanted;
  const bool copy = p.read_mostly && use.how == access::read;
  double time = missing != 0 && p.on_device == 0 ? split_chunk(s.machine, p) : 0.0;
  while (missing != 0) {
    const std::uint32_t faulted = detail::reported(missing, use, by.pages);
    const std::uint32_t region = detail::served(p, faulted, by.device) & p.valid & wanted & ~p.on_device;
    const std::size_t evicted = s.memory.count.bytes_evicted;
    const bool first = p.on_device == 0;
    const std::uint32_t migrated = region & p.on_host;
    if (!s.memory.to_device(p, region, by.device, copy)) return -1;
    s.memory.count.gpu_faults += static_cast<std::uint64_t>(std::popcount(faulted));
    missing &= ~region;
    time += fault_service(costs, migrated != 0, std::popcount(region & ~(region << 1)), first, by.pages) +
            costs.granule * std::popcount(region) +
            static_cast<double>(bytes_of(migrated)) / s.machine.link.h2d +
            static_cast<double>(s.memory.count.bytes_evicted - evicted) / costs.cpu_migrate;
  }
  return time;
}

/// The faults of a CPU loop on one page of 2 MiB, after nvidia-uvm: the first touch of a fresh page clears it
/// whole; granules come back from a device one fault after another, with what is dense enough around them.
/// Nanoseconds, or -1 when memory is full.
inline double serve_cpu(state& s, page& p, std::uint32_t touched, int node, bool write) {
  const fault_costs& costs = s.machine.faults;
  double time = 0;
  const bool empty = (p.on_device | p.on_host) == 0;
  if (const std::uint32_t fresh = touched & p.fresh(); fresh != 0) {
    const std::uint32_t cleared = empty ? p.valid : fresh;
    if (!s.memory.to_host(p, cleared, node)) return -1;
    const int more = std::popcount(fresh) - 1;  // which find the page cleared
    s.memory.count.cpu_faults += static_cast<std::uint64_t>(more + 1);
    time += costs.cpu_fault * (1 + detail::found_cleared * more) +
            static_cast<double>(bytes_of(cleared)) / costs.cpu_zero;
  }
  if (write) s.memory.drop_device(p, p.on_device & p.on_host & touched);
  double fault = costs.cpu_fault;
  for (std::uint32_t left = touched & p.on_device & ~p.on_host; left != 0; left &= ~p.on_host) {
    const auto granule = static_cast<unsigned>(std::countr_zero(left));
    const std::uint32_t region = detail::density_region(p.on_host, granule) & p.on_device & ~p.on_host;
    if (!s.memory.to_host(p, region, node)) return -1;
    if (write || !p.read_mostly) s.memory.drop_device(p, region);
    ++s.memory.count.cpu_faults;
    time += fault + static_cast<double>(bytes_of(region)) / costs.cpu_migrate;
    fault = detail::next_fault * costs.cpu_fault;
  }
  return time;
}

}  // namespace cmm::sim
