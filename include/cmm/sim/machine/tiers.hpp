#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <numeric>
#include <vector>

#include "../profiles/profile.hpp"
#include "memory.hpp"

namespace cmm::sim {

/// What the paging did, in faults served and bytes.
struct counters {
  std::uint64_t gpu_faults = 0;
  std::uint64_t cpu_faults = 0;
  std::uint64_t bytes_to_device = 0;
  std::uint64_t bytes_to_host = 0;
  std::uint64_t bytes_evicted = 0;
  std::uint64_t bytes_remote = 0;

  friend bool operator==(const counters&, const counters&) = default;
};

/// The physical memory: how full each tier is, and which pages can leave a device, oldest use first.
class tiers {
 public:
  explicit tiers(const profile& machine)
      : unified_{machine.unified},
        device_bytes_{static_cast<std::size_t>(machine.hbm.capacity)},
        node_bytes_{static_cast<std::size_t>(machine.host.capacity) /
                    static_cast<std::size_t>(machine.numa_nodes)},
        device_used_(static_cast<std::size_t>(machine.devices)),
        node_used_(static_cast<std::size_t>(machine.numa_nodes)),
        ages_(static_cast<std::size_t>(machine.devices)) {}

  counters count{};

  [[nodiscard]] std::size_t total() const noexcept {
    return node_bytes_ * node_used_.size() + (unified_ ? 0 : device_bytes_ * device_used_.size());
  }
  [[nodiscard]] std::size_t capacity(location where) const noexcept {
    if (unified_ || where.what == location::kind::host_numa) return node_bytes_;
    return where.what == location::kind::device ? device_bytes_ : node_bytes_ * node_used_.size();
  }
  [[nodiscard]] std::size_t used(location where) noexcept {
    if (unified_) return node_used_[0];
    if (where.what != location::kind::host) return counter(where);
    return std::accumulate(node_used_.begin(), node_used_.end(), std::size_t{0});
  }

  /// Takes bytes that never move; from a full device, pages that can move leave first. False if it is full.
  bool take(location where, std::size_t bytes) {
    if (where.what == location::kind::device && !unified_) make_room(where.id, bytes, nullptr);
    if (bytes > capacity(where) || used(where) > capacity(where) - bytes) return false;
    counter(where) += bytes;
    return true;
  }
  void give(location where, std::size_t bytes) { counter(where) -= bytes; }

  /// Brings these granules to a device, with `copy` leaving those of the host there too. False if it is full.
  bool to_device(page& p, std::uint32_t mask, int device, bool copy) {
    if (unified_) return to_host(p, mask, 0);
    if (p.on_device != 0 && p.device != device) {  // a page lives on one device: all of it follows
      mask |= p.on_device;
      if (!make_room(device, bytes_of(mask), &p)) return false;
      drop_device(p, p.on_device);
    }
    mask &= ~p.on_device;
    if (!make_room(device, bytes_of(mask), &p)) return false;
    counter(location::device(device)) += bytes_of(mask);
    count.bytes_to_device += bytes_of(mask & p.on_host);
    p.device = device;
    if (p.on_device == 0 && mask != 0) p.age = ages(device).insert(ages(device).end(), &p);
    p.on_device |= mask;
    if (!copy) drop_host(p, mask);
    use(p);
    return true;
  }

  /// Brings these granules to a NUMA node, or to another one when it is full. False if all are.
  bool to_host(page& p, std::uint32_t mask, int node) {
    mask &= ~p.on_host;
    const std::size_t bytes = bytes_of(mask);
    if (p.on_host != 0) node = p.node;
    for (std::size_t tried = 0; tried < node_used_.size(); ++tried, node = (node + 1) % nodes()) {
      const std::size_t along = node != p.node ? bytes_of(p.on_host) : 0;  // a page lives on one node
      if (used(location::host_numa(node)) + bytes + along > node_bytes_) continue;
      move_host(p, node);
      counter(location::host_numa(node)) += bytes;
      count.bytes_to_host += bytes_of(mask & p.on_device);
      p.node = node;
      p.on_host |= mask;
      return true;
    }
    return false;
  }

  void drop_device(page& p, std::uint32_t mask) {
    p.in_parts &= ~mask;
    if (p.on_device == 0) return;
    counter(location::device(p.device)) -= bytes_of(mask & p.on_device);
    p.on_device &= ~mask;
    if (p.on_device == 0) ages(p.device).erase(p.age);
  }
  void drop_host(page& p, std::uint32_t mask) {
    counter(location::host_numa(p.node)) -= bytes_of(mask & p.on_host);
    p.on_host &= ~mask;
  }
  /// Takes what the page has on the host to another node. False if that is full.
  bool move_host(page& p, int node) {
    const std::size_t bytes = bytes_of(p.on_host);
    if (p.node == node || bytes == 0) return true;
    if (used(location::host_numa(node)) + bytes > node_bytes_) return false;
    counter(location::host_numa(p.node)) -= bytes;
    counter(location::host_numa(node)) += bytes;
    count.bytes_to_host += bytes;
    p.node = node;
    return true;
  }

  /// Makes the page the youngest of its device.
  void use(page& p) {
    if (p.on_device != 0) ages(p.device).splice(ages(p.device).end(), ages(p.device), p.age);
  }

 private:
  [[nodiscard]] int nodes() const noexcept { return static_cast<int>(node_used_.size()); }
  std::list<page*>& ages(int device) noexcept { return ages_[static_cast<std::size_t>(device)]; }

  std::size_t& counter(location where) noexcept {
    if (unified_) return node_used_[0];
    const auto index = static_cast<std::size_t>(where.id);
    return where.what == location::kind::device ? device_used_[index] : node_used_[index];
  }

  bool make_room(int device, std::size_t bytes, const page* except) {
    const auto full = [&] { return counter(location::device(device)) + bytes > device_bytes_; };
    for (auto at = ages(device).begin(); full() && bytes <= device_bytes_ && at != ages(device).end();) {
      page& oldest = **at++;
      if (&oldest == except) continue;
      const std::uint32_t mask = oldest.on_device;
      if (!to_host(oldest, mask, oldest.node)) return false;
      count.bytes_evicted += bytes_of(mask);
      drop_device(oldest, mask);
      oldest.evicted = true;
    }
    return !full();
  }

  bool unified_;
  std::size_t device_bytes_;
  std::size_t node_bytes_;
  std::vector<std::size_t> device_used_;
  std::vector<std::size_t> node_used_;
  std::vector<std::list<page*>> ages_;
};

}  // namespace cmm::sim
