#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "../machine/addresses.hpp"
#include "../machine/memory.hpp"
#include "../profiles/profile.hpp"

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

/// What mapping a block of device memory takes of its pair; unmapping takes the rest.
inline constexpr double map_share = 0.5;

/// Nanoseconds in which the driver maps a block of device memory.
constexpr double device_alloc(const call_costs& of, std::size_t bytes) {
  return map_share * (of.device_pair + of.device_pair_per_byte * static_cast<double>(bytes));
}
constexpr double device_free(const call_costs& of, std::size_t bytes) {
  return (1 - map_share) * (of.device_pair + of.device_pair_per_byte * static_cast<double>(bytes));
}

/// The chunks of 2 MiB of one device in which the driver places small blocks of `cudaMalloc`. A chunk is
/// mapped when no other has room, and unmapped when it is empty.
class device_chunks {
 public:
  /// Nanoseconds of `cudaMalloc`.
  double allocate(const call_costs& of, std::size_t bytes) {
    if (bytes >= page_bytes) return device_alloc(of, bytes);
    live_ += bytes;
    if (live_ <= chunks_ * page_bytes) return of.small_device_pair / 2;
    ++chunks_;
    return device_alloc(of, page_bytes);
  }
  /// Nanoseconds of `cudaFree`.
  double free(const call_costs& of, std::size_t bytes) {
    if (bytes >= page_bytes) return device_free(of, bytes);
    live_ -= bytes;
    if (live_ > (chunks_ - 1) * page_bytes) return of.small_device_pair / 2;
    --chunks_;
    return device_free(of, page_bytes);
  }

 private:
  std::size_t live_ = 0;
  std::size_t chunks_ = 0;
};

}  // namespace cmm::sim
