#pragma once

#include <cstddef>

#include "../state.hpp"

namespace cmm::sim {

/// Takes a block; what the call costs is not spent yet.
inline errc take(state& s, void*& out, std::size_t bytes, memory_kind kind, location where) {
  if (bytes == 0) return errc::invalid_value;
  const allocation* const block = s.create(bytes, kind, where);
  if (block == nullptr) return errc::out_of_memory;
  out = block->range.base();
  return errc::success;
}

inline errc allocate_managed(state& s, void*& out, std::size_t bytes) {
  const errc taken = take(s, out, bytes, memory_kind::managed, location::none());
  if (taken == errc::success) s.clock.spend(s.machine.calls.managed_pair / 2);
  return taken;
}

inline errc allocate_device(state& s, void*& out, std::size_t bytes) {
  const int here = s.device();
  const errc taken = take(s, out, bytes, memory_kind::device, location::device(here));
  if (taken == errc::success) s.clock.spend(s.of(here).chunks.allocate(s.machine.calls, bytes));
  return taken;
}

inline errc allocate_system(state& s, void*& out, std::size_t bytes) {
  const errc taken = take(s, out, bytes, memory_kind::system, location::host());
  if (taken == errc::success) s.clock.spend(s.machine.calls.system_pair / 2);
  return taken;
}

/// Nanoseconds in which so many bytes of host memory are pinned.
inline double pinning_time(const call_costs& of, std::size_t bytes) {
  return of.system_pair / 2 + of.pinned_per_byte * static_cast<double>(bytes);
}

/// Host memory that never moves and that every device reaches, on the node nearest to the current device.
inline errc allocate_pinned(state& s, void*& out, std::size_t bytes) {
  const location node = location::host_numa(s.machine.nearest_node(s.device()));
  const errc taken = take(s, out, bytes, memory_kind::pinned, node);
  if (taken != errc::success) return taken;
  s.space.find(out)->for_all = true;
  s.clock.spend(pinning_time(s.machine.calls, bytes));
  return taken;
}

inline errc free_block(state& s, void* p) {
  if (p == nullptr) return errc::success;
  allocation* const block = s.space.find(p);
  const bool managed = block != nullptr && block->kind == memory_kind::managed;
  const bool known = managed || (block != nullptr && block->kind == memory_kind::device);
  if (!known || block->pool != nullptr || block->mapped()) {
    return s.misuse("cudaFree of memory that cudaMalloc did not give, or that was freed before");
  }
  double time = managed ? s.machine.calls.managed_pair / 2
                        : s.of(block->where.id).chunks.free(s.machine.calls, block->bytes);
  for (const page& each : block->pages) {
    if (each.on_device != 0) time += chunk_time(s.machine, each, each.on_device);
  }
  s.clock.spend(time);
  s.destroy(*block);
  return errc::success;
}

inline errc free_system(state& s, void* p, std::size_t bytes) {
  allocation* const block = s.space.find(p);
  if (block == nullptr || block->kind != memory_kind::system || block->bytes != bytes) {
    return s.misuse("munmap of memory that mmap did not give in this size, or that was unmapped before");
  }
  s.clock.spend(s.machine.calls.system_pair / 2);
  s.destroy(*block);
  return errc::success;
}

inline errc free_pinned(state& s, void* p) {
  allocation* const block = s.space.find(p);
  if (block == nullptr || !block->for_all) {
    return s.misuse("cudaFreeHost of memory that cudaMallocHost did not give, or that was freed before");
  }
  s.clock.spend(s.machine.calls.system_pair / 2);
  s.destroy(*block);
  return errc::success;
}

}  // namespace cmm::sim
