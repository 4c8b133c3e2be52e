#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "costs/chunks.hpp"
#include "costs/paging.hpp"
#include "costs/traffic.hpp"
#include "machine/clock.hpp"
#include "machine/injection.hpp"
#include "machine/memory.hpp"
#include "machine/memory_store.hpp"
#include "machine/streams.hpp"
#include "machine/tiers.hpp"
#include "profiles/profile.hpp"

namespace cmm::sim {

/// A memory pool of the driver. It keeps freed blocks (release threshold max) and hands one out again when
/// the size is the same and the new stream is ordered after the free.
struct pool_state {
  pool_properties what{};
  std::uint64_t granted = 0;  ///< one bit for each device
  std::size_t live = 0;
  std::vector<allocation*> kept{};
};

/// What moves pages of a device beside its products: until when, and by which share it slows them.
struct movers_at_work {
  std::int64_t until = 0;
  double waiting_for_memory = 0;
  double of_arithmetic = 0;
};

/// A capture that is under way.
struct capture_state {
  std::uint64_t first = 0;  ///< the stream in which it began, by id
  bool invalid = false;
};

/// Addresses for mappings.
struct reservation {
  address_range range{};
  std::size_t bytes = 0;
};

/// Physical memory behind handles and mappings; it lives as long as one of them does.
struct physical_memory {
  location where{};
  std::size_t bytes = 0;
  bool shareable = false;
  std::size_t users = 0;   ///< handles and mappings
  std::size_t offset = 0;  ///< of its bytes in the store
};

/// All that a simulated machine holds; the machine guards it with its lock.
struct state {
  state(const profile& simulated, backing how, stream null)
      : machine{simulated},
        memory{machine},
        pager{machine, memory, count},
        space{how},
        store{how},
        links(static_cast<std::size_t>(machine.devices)),
        peer_links(static_cast<std::size_t>(machine.devices)),
        peers(static_cast<std::size_t>(machine.devices)),
        chunks(static_cast<std::size_t>(machine.devices)),
        movers(static_cast<std::size_t>(machine.devices)),
        products(static_cast<std::size_t>(machine.devices)),
        streams{null} {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  const profile machine;
  counters count{};
  tiers memory;
  paging pager;
  address_space space;
  memory_store store;
  std::map<std::uint64_t, physical_memory> physical{};
  std::map<std::uint64_t, std::uint64_t> handles{};  ///< the physical memory of each
  std::map<char*, reservation> reservations{};
  std::int64_t pinning_until = 0;      ///< the kernel gives host memory to one call after another
  std::vector<link_use> links;         ///< of each device, to the host
  std::vector<link_use> peer_links;    ///< of each device, to the other devices
  std::vector<std::uint64_t> peers;    ///< of each device, a bit for each one whose memory it may use
  std::vector<device_chunks> chunks;   ///< of each device
  std::vector<movers_at_work> movers;  ///< of each device
  std::vector<std::int64_t> products;  ///< of each device, until when it has one
  sim::streams streams;
  sim::clock clock{};
  injection calls{};
  vector_clock host{};  ///< one for all threads: what the program shares between threads, it also orders
  std::map<void*, pool_state> pools{};
  std::map<void*, event_state> events{};
  std::map<std::uint64_t, capture_state> captures{};
  std::unordered_map<std::uint64_t, int> devices{};  ///< the current device of each thread
  std::vector<std::string> ranges{};
  int open_ranges = 0;
  std::uint64_t last_handle = 0;
  std::size_t reserved = 0;  ///< bytes of all blocks, live or kept, touched or not
  std::size_t invalidated = 0;
  std::size_t misuses = 0;
  std::string last_misuse{};

  [[nodiscard]] int& device() { return devices[thread_token()]; }
  [[nodiscard]] device_chunks& chunks_of(int device) { return chunks[static_cast<std::size_t>(device)]; }
  [[nodiscard]] bool known_device(int ordinal) const noexcept {
    return ordinal >= 0 && ordinal < machine.devices;
  }
  /// Whether peer access lets a device use memory that lies on another one and is of no pool.
  [[nodiscard]] bool reaches(int device, location where) const noexcept {
    return where.what == location::kind::device &&
           (peers[static_cast<std::size_t>(device)] >> where.id & 1) != 0;
  }
  [[nodiscard]] void* new_handle() { return reinterpret_cast<void*>(++last_handle << 12); }

  errc misuse(std::string text) {
    ++misuses;
    last_misuse = std::move(text);
    return errc::invalid_value;
  }
  stream_state* find(stream s) {
    stream_state* const found = streams.find(s, device());
    forget_retired();
    if (found == nullptr) misuse("a stream was used that does not exist or was destroyed");
    return found;
  }
  event_state* find(event e) {
    const auto found = events.find(e.native);
    if (found != events.end()) return &found->second;
    misuse("an event was used that does not exist or was destroyed");
    return nullptr;
  }

  errc invalidate(std::uint64_t capture) {
    const auto found = captures.find(capture);
    if (found != captures.end() && !std::exchange(found->second.invalid, true)) ++invalidated;
    return errc::capture_unsupported;
  }
  errc invalidate_all() {
    for (const auto& [id, capture] : captures) invalidate(id);
    return errc::capture_unsupported;
  }

  [[nodiscard]] bool ordered(mark after, const stream_state& s) const {
    return after.stream == s.id || s.before.covers(after.stream, after.tick) ||
           host.covers(after.stream, after.tick) || streams.retired(after.stream);
  }
  /// Keeps what is known of streams in bounds, however many come and go.
  void forget_retired() {
    if (!streams.many_gone()) return;
    streams.retire(host);
    const auto gone = [&](std::uint64_t id) { return streams.retired(id); };
    host.forget(gone);
    streams.each([&](stream_state& each) { each.before.forget(gone); });
    for (auto& [native, each] : events) each.before.forget(gone);
  }

  /// A location of host memory as a node, a device as itself; anything unknown is `invalid_device`.
  errc resolve(location& where, int near) const {
    if (where.what == location::kind::host) where = location::host_numa(machine.nearest_node(near));
    if (where.what == location::kind::device)
      return known_device(where.id) ? errc::success : errc::invalid_device;
    if (where.what == location::kind::none) return errc::invalid_value;
    return where.id >= 0 && where.id < machine.numa_nodes ? errc::success : errc::invalid_device;
  }

  /// Takes addresses and, for memory that does not move, its bytes. Null when there are none.
  allocation* create(std::size_t bytes, memory_kind kind, location where) {
    if (bytes > memory.total() || reserved > memory.total() - bytes) return nullptr;
    const bool fixed = kind == memory_kind::device || kind == memory_kind::pinned;
    if (fixed && !memory.take(where, bytes, count)) return nullptr;
    allocation* const block = space.create(bytes, kind);
    if (block == nullptr) {
      if (fixed) memory.give(where, bytes);
      return nullptr;
    }
    block->where = where;
    reserved += bytes;
    return block;
  }
  void destroy(allocation& block) {
    if (!block.pageable()) memory.give(block.where, block.bytes);
    for (page& p : block.pages) {
      memory.drop_device(p, p.on_device);
      memory.drop_host(p, p.on_host);
    }
    reserved -= block.bytes;
    space.erase(block);
  }
};

}  // namespace cmm::sim
