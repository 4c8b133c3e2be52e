#pragma once

#include <algorithm>
#include <cstdint>

#include "../../core/status.hpp"
#include "../machine/clock.hpp"

namespace cmm::sim {

/// What goes over the link of one device: bytes each way, and the time they need when nothing else does.
struct traffic {
  double up = 0;  ///< bytes, to the device
  double down = 0;
  double up_time = 0;
  double down_time = 0;
  double staged_time = 0;  ///< of the one CPU thread through which staged bytes go, either way

  void add_up(double bytes, double rate) {
    up += bytes;
    up_time += bytes / rate;
  }
  void add_down(double bytes, double rate) {
    down += bytes;
    down_time += bytes / rate;
  }
  void add_staged(double bytes, double rate, bool goes_up) {
    goes_up ? add_up(bytes, rate) : add_down(bytes, rate);
    staged_time += bytes / rate;
  }
  [[nodiscard]] traffic scaled(double by) const {
    return {up * by, down * by, up_time * by, down_time * by, staged_time * by};
  }
  traffic& operator+=(const traffic& more) {
    up += more.up;
    down += more.down;
    up_time += more.up_time;
    down_time += more.down_time;
    staged_time += more.staged_time;
    return *this;
  }
};

/// What an act on memory came to, and the nanoseconds of it.
struct outcome {
  errc code = errc::success;
  double faults = 0;  ///< the driver makes pages usable
  double near = 0;    ///< memory of the one who acts
  traffic over{};     ///< memory at the other end of the link
  traffic across{};   ///< memory of other devices; up is to the device that acts

  outcome& operator+=(const outcome& more) {
    code = more.code;
    faults += more.faults;
    near += more.near;
    over += more.over;
    across += more.across;
    return *this;
  }
};

/// The link of one device to the host, or to other devices. Its streams share it: each way carries one thing
/// after another, both ways together no more than their common limit, and staged bytes all pass one CPU
/// thread.
class link_use {
 public:
  /// Books what goes over the link from `start` on; answers when it is through. `both` is in GB/s.
  std::int64_t book(std::int64_t start, const traffic& what, double both) {
    std::int64_t end = start;
    if (what.up > 0) end = through(up_, start, what.up_time);
    if (what.down > 0) end = std::max(end, through(down_, start, what.down_time));
    if (what.staged_time > 0) end = std::max(end, through(staged_, start, what.staged_time));
    const double bytes = what.up + what.down;
    return bytes > 0 ? std::max(end, through(both_, start, bytes / both)) : end;
  }

 private:
  static std::int64_t through(std::int64_t& free, std::int64_t start, double time) {
    return free = std::max(free, start) + clock::rounded(time);
  }

  std::int64_t up_ = 0;
  std::int64_t down_ = 0;
  std::int64_t both_ = 0;
  std::int64_t staged_ = 0;
};

}  // namespace cmm::sim
