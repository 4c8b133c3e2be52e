#pragma once

#include <bit>
#include <cstdint>

#include "requirements.hpp"

namespace cmm {

/// Where pages live: a GPU's memory, host memory, or one NUMA node of the host.
///
/// Two forms are relative and are resolved for each block: `location::device()` is the block's own
/// device, `location::nearest_numa()` the host NUMA node nearest to it.
struct location {
  enum class kind : int { none, device, host, host_numa };

  static constexpr int relative = -1;

  /// Which kind of place, and its ordinal or node; `relative` where that follows from the block's device.
  kind what = kind::none;
  int id = 0;

  /// The places by name; without an ordinal the device of the block.
  static constexpr location none() noexcept { return {}; }
  static constexpr location device(int ordinal = relative) noexcept { return {kind::device, ordinal}; }
  static constexpr location host() noexcept { return {kind::host, 0}; }
  static constexpr location host_numa(int node) noexcept { return {kind::host_numa, node}; }
  static constexpr location nearest_numa() noexcept { return {kind::host_numa, relative}; }

  /// Whether it depends on the device of a block.
  [[nodiscard]] constexpr bool is_relative() const noexcept { return id == relative; }

  /// One comparison of eight bytes: each block of a policy asks whether its location is a relative one.
  friend constexpr bool operator==(location left, location right) noexcept {
    return std::bit_cast<std::uint64_t>(left) == std::bit_cast<std::uint64_t>(right);
  }
};

}  // namespace cmm
