#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include "../core/api.hpp"

namespace cmm::sim {

/// A number and where it comes from: a public source, a measurement, or the word "assumed".
struct figure {
  double value = 0;
  const char* source = "assumed";

  constexpr operator double() const noexcept { return value; }  // NOLINT(google-explicit-constructor)
};

/// A figure known at one size, in bytes.
struct point {
  double bytes = 0;
  figure at{};
};

/// A figure that grows with size: between its points straight in the logarithms, beyond them constant.
template <std::size_t Points>
struct curve {
  std::array<point, Points> points{};

  [[nodiscard]] double at(double bytes) const {
    if (bytes <= points.front().bytes) return points.front().at;
    for (std::size_t i = 1; i < Points; ++i) {
      const point& low = points[i - 1];
      const point& high = points[i];
      if (bytes > high.bytes) continue;
      const double part = std::log(bytes / low.bytes) / std::log(high.bytes / low.bytes);
      return low.at * std::pow(high.at / low.at, part);
    }
    return points.back().at;
  }
};

/// What a call takes on the host: nanoseconds, and nanoseconds for each byte.
struct cost {
  figure fixed{};
  figure per_byte{};

  [[nodiscard]] constexpr double of(std::size_t bytes) const noexcept {
    return fixed + per_byte * static_cast<double>(bytes);
  }
};

/// One kind of memory: capacity in bytes, bandwidth in GB/s (bytes in a nanosecond), latency in nanoseconds.
struct tier {
  figure capacity{};
  figure read{};
  figure write{};
  figure latency{};
};

/// What joins host and GPU: GB/s and nanoseconds. `cpu_read` is 0 where the CPU cannot load from HBM.
struct link {
  figure h2d{};
  figure d2h{};
  figure remote_read{};
  figure remote_write{};
  figure remote_latency{};
  figure cpu_read{};
};

struct call_costs {
  cost managed_alloc{}, managed_free{};
  cost device_alloc{}, device_free{};
  cost system_alloc{}, system_free{};
  figure pool_create{}, pool_alloc{}, pool_free{};
  figure advise{}, event{}, query{};
};

/// What faults cost: nanoseconds for each service of one 2 MiB page by the driver, GB/s where bytes are
/// meant.
struct fault_costs {
  figure wake_up{};            ///< once for each kernel that faults
  figure service_fresh{};      ///< one fault on memory nobody touched
  figure service_migration{};  ///< one fault on memory the host holds
  curve<3> strided{};          ///< nanoseconds for each touched point, by stride
  figure cpu_first_touch{};    ///< GB/s
  figure cpu_migration{};      ///< GB/s
  figure eviction{};           ///< GB/s
};

/// What `cudaMemPrefetchAsync` reaches, in GB/s by the size of a call; the caps are over all threads.
struct prefetch_costs {
  curve<4> populate{};
  figure populate_cap{};
  curve<2> to_device{};
  figure to_device_lock{};  ///< nanoseconds of each call that no other call overlaps
  figure to_host{};
  curve<2> blocked_share{};  ///< the part of a migration for which the call blocks its thread
};

/// A machine to simulate. `unified` machines have one memory, which both CPU and GPU reach at full speed.
struct profile {
  const char* name = "";
  int devices = 1;     ///< at most 63
  int numa_nodes = 1;  ///< NUMA nodes of the CPUs, numbered from 0
  bool unified = false;
  tier hbm{};   ///< of each device
  tier host{};  ///< of all NUMA nodes together
  sim::link link{};
  call_costs calls{};
  fault_costs faults{};
  prefetch_costs prefetch{};
  std::array<figure, 6> capabilities{};  ///< by `cmm::attribute`

  [[nodiscard]] constexpr int capability(attribute what) const noexcept {
    return static_cast<int>(capabilities[static_cast<std::size_t>(what)].value);
  }
  /// True where the CPU loads from HBM and the GPU from malloc memory, without migration.
  [[nodiscard]] constexpr bool coherent() const noexcept { return link.cpu_read > 0; }
  [[nodiscard]] constexpr int nearest_node(int device) const noexcept {
    return device * numa_nodes / devices;
  }
  [[nodiscard]] constexpr int host_numa_id(int device) const noexcept {
    return capability(attribute::host_numa_id) < 0 ? -1 : nearest_node(device);
  }
};

}  // namespace cmm::sim
