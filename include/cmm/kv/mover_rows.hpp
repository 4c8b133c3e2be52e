#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "../core/page_copier.hpp"
#include "../core/units.hpp"

namespace cmm::kv {

/// Which way pages go: to HBM, to the host, or both at once in exchange.
enum class direction : unsigned char { up, down, swap };

/// What runs on the GPU while pages move.
enum class beside : unsigned char {
  nothing,  ///< the moves are in the stream of the work that waits for them
  decode,   ///< small products in another stream, which wait for memory
  prefill,  ///< large products in another stream, which wait for arithmetic
};

/// How pages are moved: by a kernel with so many thread blocks, or by the copy engine, which takes none.
struct moved_by {
  enum class mover : unsigned char { registers, ring, engine };

  /// By a kernel of so many thread blocks, or by the copy engine, which has none.
  mover what = mover::registers;
  unsigned ctas = 4;

  friend constexpr bool operator==(const moved_by&, const moved_by&) noexcept = default;
};

/// What is best for pieces of at least `bytes`: a line of a recommendation.
struct mover_row {
  direction way = direction::up;
  beside with = beside::nothing;
  std::size_t bytes = 0;
  moved_by by{};

  friend constexpr bool operator==(const mover_row&, const mover_row&) noexcept = default;
};

/// Chosen by measurements on an H200 over PCIe 5; a place to begin on other GPUs behind PCIe. Small pages
/// that lie over a large range need more thread blocks than the two that fill the link over a small one. The
/// copy engine slows nothing on the GPU, but takes the CPU 0.8 us for each piece, so that small ones go by a
/// kernel beside decode, whose steps may wait for the CPU.
inline constexpr mover_row over_pcie[] = {
    {direction::up, beside::nothing, 16, {moved_by::mover::registers, 8}},
    {direction::up, beside::nothing, 32_KiB, {moved_by::mover::registers, 4}},
    {direction::down, beside::nothing, 16, {moved_by::mover::registers, 4}},
    {direction::swap, beside::nothing, 16, {moved_by::mover::registers, 4}},
    {direction::up, beside::decode, 16, {moved_by::mover::registers, 1}},
    {direction::up, beside::decode, 64_KiB, {moved_by::mover::engine, 0}},
    {direction::down, beside::decode, 16, {moved_by::mover::registers, 1}},
    {direction::down, beside::decode, 64_KiB, {moved_by::mover::engine, 0}},
    {direction::swap, beside::decode, 16, {moved_by::mover::registers, 1}},
    {direction::up, beside::prefill, 16, {moved_by::mover::registers, 2}},
    {direction::up, beside::prefill, 64_KiB, {moved_by::mover::engine, 0}},
    {direction::down, beside::prefill, 16, {moved_by::mover::engine, 0}},
    {direction::swap, beside::prefill, 16, {moved_by::mover::ring, 2}},
};

/// By published figures of NVLink-C2C: 43 GB/s for each thread block, and 97 % of the link with eight.
inline constexpr mover_row over_c2c[] = {
    {direction::up, beside::nothing, 16, {moved_by::mover::registers, 8}},
    {direction::down, beside::nothing, 16, {moved_by::mover::registers, 8}},
    {direction::swap, beside::nothing, 16, {moved_by::mover::registers, 8}},
    {direction::up, beside::decode, 16, {moved_by::mover::ring, 2}},
    {direction::down, beside::decode, 16, {moved_by::mover::ring, 2}},
    {direction::swap, beside::decode, 16, {moved_by::mover::ring, 2}},
};

/// The row for pieces of this size: that of the largest size that is not above it, else of the smallest.
/// Where nothing is said of what runs beside, what holds alone holds; null where nothing is said at all.
inline const mover_row* best_of(std::span<const mover_row> rows, direction way, beside with,
                                std::size_t bytes) {
  const mover_row* fits = nullptr;
  const mover_row* smallest = nullptr;
  for (const mover_row& each : rows) {
    if (each.way != way || each.with != with) continue;
    if (smallest == nullptr || each.bytes < smallest->bytes) smallest = &each;
    if (each.bytes <= bytes && (fits == nullptr || each.bytes > fits->bytes)) fits = &each;
  }
  if (fits != nullptr) return fits;
  if (smallest != nullptr || with == beside::nothing) return smallest;
  return best_of(rows, way, beside::nothing, bytes);
}

}  // namespace cmm::kv
