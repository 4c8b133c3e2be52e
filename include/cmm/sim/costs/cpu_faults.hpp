#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "../machine/tiers.hpp"
#include "../profiles/profile.hpp"
#include "touch.hpp"

namespace cmm::sim {

/// The faults of a CPU loop on one page of 2 MiB, after nvidia-uvm: the first touch of a fresh page clears it
/// whole; granules come back from a device one fault after another, with what is dense enough around them.
class cpu_faults {
 public:
  cpu_faults(const profile& machine, tiers& memory, counters& count, std::uint32_t touched, int node) noexcept
      : machine_{machine}, memory_{memory}, count_{count}, touched_{touched}, node_{node} {}

  /// Brings the touched granules to the host; nanoseconds, or -1 when memory is full.
  double serve(page& p, bool write) const {
    double time = 0;
    const bool empty = (p.on_device | p.on_host) == 0;
    if (const std::uint32_t fresh = touched_ & ~p.on_device & ~p.on_host; fresh != 0) {
      const std::uint32_t cleared = empty ? p.valid : fresh;
      if (!memory_.to_host(p, cleared, node_, count_)) return -1;
      // The faults after the first of a page find it cleared.
      const int more = std::popcount(fresh) - 1;
      count_.cpu_faults += static_cast<std::uint64_t>(more + 1);
      time += machine_.faults.cpu_fault * (1 + found_cleared * more) +
              static_cast<double>(bytes_of(cleared)) / machine_.faults.cpu_zero;
    }
    if (write) memory_.drop_device(p, p.on_device & p.on_host & touched_);
    double fault = machine_.faults.cpu_fault;
    for (std::uint32_t left = touched_ & p.on_device & ~p.on_host; left != 0; left &= ~p.on_host) {
      const auto granule = static_cast<unsigned>(std::countr_zero(left));
      const std::uint32_t region = density_region(p.on_host, granule) & p.on_device & ~p.on_host;
      if (!memory_.to_host(p, region, node_, count_)) return -1;
      if (write || !p.read_mostly) memory_.drop_device(p, region);
      ++count_.cpu_faults;
      time += fault + static_cast<double>(bytes_of(region)) / machine_.faults.cpu_migrate;
      fault = next_fault * machine_.faults.cpu_fault;
    }
    return time;
  }

 private:
  /// What a further fault of a page takes of its first. Assumed, chosen knowing the results of an H200.
  static constexpr double next_fault = 0.7;
  static constexpr double found_cleared = 0.25;  // assumed: of a fault that moves something

  const profile& machine_;
  tiers& memory_;
  counters& count_;
  std::uint32_t touched_;
  int node_;
};

/// Nanoseconds in which the loops of some CPU threads pass over a part of memory that they reach.
inline double cpu_time(const profile& machine, const touch& use, const page_slice& part, int threads,
                       bool remote) {
  const bool reads = use.how == access::read;
  if (!use.dense()) return static_cast<double>(use.points(part)) * machine.cpu.access / threads;
  const double memory = remote ? machine.link.cpu_read : reads ? machine.host.read : machine.host.write;
  const double loops = threads * (reads ? machine.cpu.read : machine.cpu.write);
  return static_cast<double>(part.bytes) / std::min(memory, loops);
}

}  // namespace cmm::sim
