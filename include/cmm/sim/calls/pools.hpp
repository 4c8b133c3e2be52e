#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "blocks.hpp"

namespace cmm::sim {

inline errc create_pool(state& s, pool_handle& out, const pool_properties& what) {
  const bool managed = what.what == pool_properties::kind::managed;
  location known = what.where;
  const bool anywhere = managed && known.what == location::kind::none;
  if (const errc code = s.resolve(known, s.device()); !anywhere && code != errc::success) return code;
  if (managed && !s.has(attribute::managed_pools)) return errc::not_supported;
  const bool numa = what.where.what == location::kind::host_numa;
  if (numa && !s.has(attribute::host_numa_pools)) return errc::not_supported;
  out = {s.new_handle()};
  s.pools[out.native].what = what;
  return s.done_in(s.machine.calls.pool_create);
}

/// Gives up what the pool keeps. Whoever takes that memory next, by any call, comes after the work that used
/// it: the driver unmaps only what is no longer in use, and the call waits for that.
inline void trim(state& s, pool_state& pool) {
  std::int64_t ready = 0;
  for (allocation* const block : pool.kept) {
    s.streams.each([&](const stream_state& each) {
      if (each.id != block->freed.stream) return;
      ready = std::max(ready, each.ready);
      s.host.join(each.before);
    });
    s.host.reach(block->freed.stream, block->freed.tick);
    s.destroy(*block);
  }
  if (ready > s.clock.start()) s.clock.wait_until(ready);
  pool.kept.clear();
}

inline errc destroy_pool(state& s, pool_handle handle) {
  pool_state* const pool = s.find(handle);
  if (pool == nullptr) return errc::invalid_value;
  if (pool->live != 0) return s.misuse("a pool was destroyed while blocks of it are live");
  trim(s, *pool);
  s.pools.erase(handle.native);
  return s.done_in(s.machine.calls.pool_create);
}

inline errc grant_access(state& s, pool_handle handle, int device) {
  pool_state* const pool = s.find(handle);
  if (pool == nullptr) return errc::invalid_value;
  if (!s.known_device(device)) return errc::invalid_device;
  pool->granted |= std::uint64_t{1} << device;
  return errc::success;
}

/// A kept block of this size that the stream may use, or null.
inline allocation* reuse(state& s, pool_state& pool, std::size_t bytes, const stream_state& stream) {
  const auto found = std::find_if(pool.kept.rbegin(), pool.kept.rend(), [&](const allocation* block) {
    return block->bytes == bytes && block->capture == stream.capture && s.ordered(block->freed, stream);
  });
  if (found == pool.kept.rend()) return nullptr;
  allocation* const block = *found;
  pool.kept.erase(std::next(found).base());
  return block;
}

inline allocation* add_to_pool(state& s, const pool_state& pool, std::size_t bytes) {
  const bool managed = pool.what.what == pool_properties::kind::managed;
  location where = pool.what.where;
  if (!managed) static_cast<void>(s.resolve(where, s.device()));
  const bool on_device = where.what == location::kind::device;
  const auto kind = managed ? memory_kind::managed : on_device ? memory_kind::device : memory_kind::pinned;
  allocation* const block = s.create(bytes, kind, where);
  if (block == nullptr) return nullptr;
  if (managed && where.what != location::kind::none) {
    for (page& p : pages_of(*block)) p.preferred = where;
  }
  s.clock.spend(managed ? s.machine.calls.managed_pair / 2 : map_time(s.machine.calls, bytes));
  return block;
}

/// Host time of taking a block from a pool, or of giving it back.
inline double half_pair(const state& s, const allocation& block) {
  const call_costs& of = s.machine.calls;
  return (block.kind == memory_kind::device ? of.device_pool_share : 1.0) * of.pool_pair / 2;
}

inline errc allocate_from_pool(state& s, stream_state& stream, void*& out, std::size_t bytes,
                               pool_handle handle) {
  pool_state* const pool = s.find(handle);
  if (pool == nullptr || bytes == 0) return errc::invalid_value;
  allocation* block = reuse(s, *pool, bytes, stream);
  if (block == nullptr) block = add_to_pool(s, *pool, bytes);
  if (block == nullptr && !pool->kept.empty()) {
    trim(s, *pool);
    block = add_to_pool(s, *pool, bytes);
  }
  if (block == nullptr) return errc::out_of_memory;
  s.clock.spend(half_pair(s, *block));
  ++pool->live;
  block->pool = handle.native;
  block->kept = false;
  block->capture = stream.capture;
  out = block->range.base();
  return errc::success;
}

/// A captured stream can free only what it allocated in the same capture.
inline errc free_to_pool(state& s, stream_state& stream, void* p) {
  allocation* const block = s.space.find(p);
  if (block == nullptr || block->pool == nullptr) {
    return s.misuse("cudaFreeAsync of memory that no pool gave, or that was freed before");
  }
  if (stream.capture != 0 && stream.capture != block->capture) {
    s.invalidate(stream.capture);
    return errc::invalid_value;
  }
  pool_state& pool = s.pools.at(block->pool);
  --pool.live;
  block->kept = true;
  block->capture = stream.capture;  // what a graph freed, it takes again each time it runs
  block->freed = {stream.id, ++stream.tick};
  pool.kept.push_back(block);
  return s.done_in(half_pair(s, *block));
}

}  // namespace cmm::sim
