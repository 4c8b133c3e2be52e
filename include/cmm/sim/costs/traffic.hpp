#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../../core/status.hpp"
#include "../machine/memory.hpp"

namespace cmm::sim {

/// A range of memory that a call, or one thread block of a kernel, uses.
struct memory_use {
  const void* data = nullptr;
  std::size_t bytes = 0;
};

/// A copy from one range to another.
struct copy_use {
  void* to = nullptr;
  const void* from = nullptr;
  std::size_t bytes = 0;
};

/// What a touch does to a page.
enum class access : unsigned char { read, write };

/// The rate of a memory, or of a processor's loops over it.
double rate_of(const auto& memory, access how) noexcept {
  return how == access::read ? memory.read : memory.write;
}

/// One use of memory: `stride` 0 is every byte, else one word at each stride.
struct touch {
  std::size_t offset = 0;
  std::size_t bytes = 0;
  access how = access::read;
  std::size_t stride = 0;

  static constexpr std::size_t dense_below = 4096;
  static constexpr double sector = 32;  // the least a GPU reads, in bytes

  [[nodiscard]] constexpr bool dense() const noexcept { return stride < dense_below; }
  /// How many touched points lie in the part.
  [[nodiscard]] constexpr std::size_t points(const page_slice& part) const noexcept {
    const std::size_t from = part.offset - offset;
    return (from + part.bytes + stride - 1) / stride - (from + stride - 1) / stride;
  }
  /// The bytes that really travel when the part is touched.
  [[nodiscard]] constexpr double moved(const page_slice& part) const noexcept {
    return dense() ? static_cast<double>(part.bytes) : static_cast<double>(points(part)) * sector;
  }
  /// The granules of the part that hold a touched point.
  [[nodiscard]] constexpr std::uint32_t reached(const page_slice& part) const noexcept {
    if (stride <= granule_bytes) return part.mask;
    std::uint32_t mask = 0;
    const std::size_t from = part.offset - offset;
    for (std::size_t at = (from + stride - 1) / stride * stride; at < from + part.bytes; at += stride) {
      mask |= std::uint32_t{1} << ((offset + at) % page_bytes / granule_bytes);
    }
    return mask;
  }
};

/// What goes one way over a link: bytes, and the time they need when nothing else does.
struct lane {
  double bytes = 0;
  double time = 0;

  lane& operator+=(const lane& more) {
    bytes += more.bytes;
    time += more.time;
    return *this;
  }
};

/// What goes over the link of one device.
struct traffic {
  lane up{};  ///< to the device
  lane down{};
  double staged = 0;  ///< time of the one CPU thread through which staged bytes go, either way

  /// Bytes that the device reads from beyond its link, or writes there.
  void add(access how, double bytes, double rate) {
    (how == access::read ? up : down) += {bytes, bytes / rate};
  }
  void add_staged(access how, double bytes, double rate) {
    add(how, bytes, rate);
    staged += bytes / rate;
  }
  [[nodiscard]] traffic scaled(double by) const {
    return {{up.bytes * by, up.time * by}, {down.bytes * by, down.time * by}, staged * by};
  }
  traffic& operator+=(const traffic& more) {
    up += more.up;
    down += more.down;
    staged += more.staged;
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

  [[nodiscard]] bool ok() const noexcept { return code == errc::success; }
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
    if (what.up.bytes > 0) end = through(up_, start, what.up.time);
    if (what.down.bytes > 0) end = std::max(end, through(down_, start, what.down.time));
    if (what.staged > 0) end = std::max(end, through(staged_, start, what.staged));
    const double bytes = what.up.bytes + what.down.bytes;
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
