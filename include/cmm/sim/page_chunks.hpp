#pragma once

#include <bit>
#include <cstdint>

#include "memory.hpp"
#include "profile.hpp"

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

}  // namespace cmm::sim
