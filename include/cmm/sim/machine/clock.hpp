#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "../../core/requirements.hpp"

namespace cmm::sim {

/// A number for the calling thread, never used again by another; a `std::thread::id` is.
inline std::uint64_t thread_token() {
  static std::atomic<std::uint64_t> last{0};
  thread_local const std::uint64_t token = ++last;
  return token;
}

/// Expires when the calling thread ends.
inline std::weak_ptr<const void> thread_life() {
  thread_local const std::shared_ptr<const char> life = std::make_shared<const char>();
  return life;
}

/// Virtual time of the host, in nanoseconds.
///
/// All calls are serial in virtual time, as under the driver's lock, in the order the machine sees them. Only
/// `overlap` (a prefetch, a mapping, a question) moves the calling thread alone: such calls of several
/// threads start together, at the end of the last serial call. `now`, and waiting for a stream, join them
/// again.
class clock {
 public:
  [[nodiscard]] std::int64_t start() { return std::max(own(), serial_); }

  void spend(double nanoseconds) { wait_until(start() + rounded(nanoseconds)); }
  void overlap(double nanoseconds) { own() = start() + rounded(nanoseconds); }
  void wait_until(std::int64_t time) { own() = serial_ = std::max(start(), time); }

  /// The latest time of any thread; all threads go on from there.
  std::int64_t now() {
    std::int64_t latest = serial_;
    for (const auto& [token, time] : threads_) latest = std::max(latest, time);
    return own() = serial_ = latest;
  }

  /// True when another thread has booked since the last serial call.
  [[nodiscard]] bool contended() const { return booked_from_ == serial_ && booker_ != thread_token(); }
  /// Books work of which all threads together do only one at a time; answers when it is done.
  std::int64_t book(double nanoseconds) {
    if (booked_from_ != serial_) {
      booked_from_ = serial_;
      booked_ = 0;
      booker_ = thread_token();
    }
    booked_ += rounded(nanoseconds);
    return booked_from_ + booked_;
  }

  static std::int64_t rounded(double nanoseconds) { return std::llround(nanoseconds); }

 private:
  std::int64_t& own() { return threads_[thread_token()]; }

  std::unordered_map<std::uint64_t, std::int64_t> threads_;
  std::int64_t serial_ = 0;
  std::int64_t booked_from_ = -1;
  std::int64_t booked_ = 0;
  std::uint64_t booker_ = 0;
};

}  // namespace cmm::sim
