#pragma once

namespace cmm {

/// Where pages live: a GPU's memory, host memory, or one NUMA node of the host.
///
/// Two forms are relative and are resolved for each block: `location::device()` is the block's own
/// device, `location::nearest_numa()` the host NUMA node nearest to it.
struct location {
  enum class kind : unsigned char { none, device, host, host_numa };

  static constexpr int relative = -1;

  kind what = kind::none;
  int id = 0;

  static constexpr location none() noexcept { return {}; }
  static constexpr location device(int ordinal = relative) noexcept { return {kind::device, ordinal}; }
  static constexpr location host() noexcept { return {kind::host, 0}; }
  static constexpr location host_numa(int node) noexcept { return {kind::host_numa, node}; }
  static constexpr location nearest_numa() noexcept { return {kind::host_numa, relative}; }

  [[nodiscard]] constexpr bool is_relative() const noexcept { return id == relative; }

  friend constexpr bool operator==(location, location) noexcept = default;
};

}  // namespace cmm
