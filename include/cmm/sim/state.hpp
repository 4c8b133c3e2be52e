#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "costs/traffic.hpp"
#include "machine/addresses.hpp"
#include "machine/memory.hpp"
#include "machine/streams.hpp"
#include "machine/tiers.hpp"
#include "profiles/profile.hpp"

namespace cmm::sim {

/// Counts the api calls and makes the chosen ones fail.
class injection {
 public:
  /// Plans a failure of the `nth` call from now (1 is the next), of one call name or, if empty, of any; with
  /// `onward`, of every one after it too.
  void plan(std::string_view call, std::size_t nth, errc code, bool onward) {
    plans_.push_back({std::string{call}, std::max<std::size_t>(nth, 1), code, onward});
  }
  void clear() { plans_.clear(); }

  /// Counts the call; answers what it must fail with, or success.
  errc next(std::string_view call) {
    ++counts_[{}];
    ++counts_[call];
    errc answer = errc::success;
    for (planned& plan : plans_) {
      if (plan.left == 0 || (!plan.call.empty() && plan.call != call)) continue;
      const bool due = plan.left == 1;
      if (due && answer == errc::success) answer = plan.code;
      if (!due || !plan.onward) --plan.left;
    }
    return answer;
  }

  /// How many calls there were of this name, or of any.
  [[nodiscard]] std::size_t calls(std::string_view call) const {
    const std::size_t* const found = look_up(counts_, call);
    return found == nullptr ? 0 : *found;
  }

 private:
  struct planned {
    std::string call;
    std::size_t left;
    errc code;
    bool onward;
  };

  std::vector<planned> plans_;
  std::map<std::string_view, std::size_t> counts_;  // keys are the literals the api names its calls with
};

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

/// What a device does and holds beside its memory.
struct device_state {
  link_use link{};               ///< to the host
  link_use peers{};              ///< to the other devices
  std::uint64_t reaches = 0;     ///< a bit for each device whose memory it may use by peer access
  std::size_t small_blocks = 0;  ///< bytes of blocks of `cudaMalloc` that share chunks of 2 MiB
  movers_at_work movers{};
  std::int64_t multiplies_until = 0;
};

/// A capture that is under way.
struct capture_state {
  std::uint64_t first = 0;  ///< the stream in which it began, by id
  bool invalid = false;
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
      : machine{simulated}, space{how}, store{how}, streams{null} {}

  const profile machine;
  tiers memory{machine};
  address_space space;
  memory_store store;
  std::map<std::uint64_t, physical_memory> physical{};
  std::map<std::uint64_t, std::uint64_t> handles{};  ///< the physical memory of each
  std::map<char*, address_range> reservations{};
  std::int64_t pinning_until = 0;  ///< the kernel gives host memory to one call after another
  std::vector<device_state> devices = std::vector<device_state>(static_cast<std::size_t>(machine.devices));
  sim::streams streams;
  sim::clock clock{};
  injection calls{};
  vector_clock host{};  ///< one for all threads: what the program shares between threads, it also orders
  std::map<void*, pool_state> pools{};
  std::map<void*, event_state> events{};
  std::map<std::uint64_t, capture_state> captures{};
  std::unordered_map<std::uint64_t, int> current{};  ///< the device of each thread
  std::vector<std::string> ranges{};
  int open_ranges = 0;
  std::uint64_t last_handle = 0;
  std::size_t reserved = 0;  ///< bytes of all blocks, live or kept, touched or not
  std::size_t invalidated = 0;
  std::size_t misuses = 0;
  std::string last_misuse{};

  [[nodiscard]] int& device() { return current[thread_token()]; }
  [[nodiscard]] device_state& of(int device) { return devices[static_cast<std::size_t>(device)]; }
  [[nodiscard]] bool known_device(int ordinal) const noexcept {
    return ordinal >= 0 && ordinal < machine.devices;
  }
  [[nodiscard]] bool has(attribute what) const noexcept { return machine.capability(what) != 0; }
  [[nodiscard]] void* new_handle() { return reinterpret_cast<void*>(++last_handle << 12); }

  /// A call that took this long, alone or beside those of other threads.
  errc done_in(double nanoseconds) { return clock.spend(nanoseconds), errc::success; }
  errc done_beside(double nanoseconds) { return clock.overlap(nanoseconds), errc::success; }
  errc misuse(std::string text) {
    ++misuses;
    last_misuse = std::move(text);
    return errc::invalid_value;
  }
  auto* noted(auto* found, const char* missing) {
    if (found == nullptr) misuse(missing);
    return found;
  }
  stream_state* find(stream s) {
    stream_state* const found = streams.find(s, device());
    forget_retired();
    return noted(found, "a stream was used that does not exist or was destroyed");
  }
  event_state* find(event e) {
    return noted(look_up(events, e.native), "an event was used that does not exist or was destroyed");
  }
  pool_state* find(pool_handle pool) {
    return noted(look_up(pools, pool.native), "a pool was used that does not exist or was destroyed");
  }

  errc invalidate(std::uint64_t capture) {
    capture_state* const found = look_up(captures, capture);
    if (found != nullptr && !std::exchange(found->invalid, true)) ++invalidated;
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
  /// The host knows all that the stream did.
  void join(const stream_state& done) {
    host.join(done.before);
    host.reach(done.id, done.tick);
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
  [[nodiscard]] errc check(location where) const { return resolve(where, 0); }

  /// Takes bytes of a place that never move. False if there are none.
  bool take(std::size_t bytes, location where) {
    if (!fits(bytes) || !memory.take(where, bytes)) return false;
    reserved += bytes;
    return true;
  }
  void give(std::size_t bytes, location where) {
    memory.give(where, bytes);
    reserved -= bytes;
  }
  /// Takes addresses and, for memory that does not move, its bytes. Null when there are none.
  allocation* create(std::size_t bytes, memory_kind kind, location where) {
    allocation* const block = fits(bytes) ? space.create(bytes, kind) : nullptr;
    if (block == nullptr) return nullptr;
    if (!block->pageable() && !memory.take(where, bytes)) return space.erase(*block), nullptr;
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

 private:
  /// Managed and system memory together are reserved against all there is.
  [[nodiscard]] bool fits(std::size_t bytes) const noexcept {
    return bytes <= memory.total() && reserved <= memory.total() - bytes;
  }
};

/// Does one thing in a stream, `errc body(state&, stream_state&, arguments...)`; one that does not exist is
/// an invalid value.
errc in_stream(state& s, stream on, auto body, auto&&... arguments) {
  stream_state* const found = s.find(on);
  return found == nullptr ? errc::invalid_value : body(s, *found, arguments...);
}

}  // namespace cmm::sim
