#pragma once

#include <algorithm>
#include <cstddef>

#include "kernel.hpp"
#include "residency.hpp"

namespace cmm::sim {

/// Nanoseconds of a load that waits for the one before, somewhere in `bytes` of memory near the device: its
/// cache holds a part of them.
inline double near_latency(const profile& machine, double bytes) {
  const double held = std::min(1.0, machine.gpu.cache / bytes);
  return held * machine.gpu.cache_latency + (1 - held) * machine.hbm.latency;
}

/// A kernel of one thread that follows a chain through the range; what it finds elsewhere comes by fault or
/// is read in place, past the cache.
inline errc run_chase(state& s, const void* p, std::size_t bytes, std::size_t steps, stream on) {
  stream_state* const stream = s.find(on);
  if (stream == nullptr) return errc::invalid_value;
  constexpr std::size_t os_page = 4096;
  const outcome touched = touch_range(s, {p, bytes}, access::read, os_page, {stream->device, 1});
  if (touched.code != errc::success) return touched.code;
  double near = 0;
  for (const residence& each : residency(s, p, bytes)) {
    const bool here = s.machine.unified || each.where == location::device(stream->device);
    near += here ? static_cast<double>(each.bytes) : 0.0;
  }
  const auto all = static_cast<double>(bytes);
  const double share = std::min(1.0, near / all);
  const double load = share * near_latency(s.machine, all) + (1 - share) * s.machine.link.remote_latency;
  s.clock.spend(s.machine.calls.launch);
  submit(s, *stream, {.faults = touched.faults, .near = load * static_cast<double>(steps)},
         s.machine.gpu.launch);
  return errc::success;
}

}  // namespace cmm::sim
