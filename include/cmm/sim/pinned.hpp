#pragma once

#include <cstddef>

#include "state.hpp"

namespace cmm::sim {

/// Host memory that never moves and that every device reaches, on the node nearest to the current device.
inline errc allocate_pinned(state& s, void*& out, std::size_t bytes) {
  if (bytes == 0) return errc::invalid_value;
  const location node = location::host_numa(s.machine.nearest_node(s.device()));
  allocation* const block = s.create(bytes, memory_kind::pinned, node);
  if (block == nullptr) return errc::out_of_memory;
  block->for_all = true;
  out = block->range.base();
  s.clock.spend(s.machine.calls.system_pair / 2 +
                s.machine.calls.pinned_per_byte * static_cast<double>(bytes));
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
