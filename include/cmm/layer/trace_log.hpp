#pragma once

#include <cstdint>
#include <ctime>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

#include "../core/block.hpp"
#include "stream_numbers.hpp"

namespace cmm {

/// One line of a trace: a block taken or freed.
struct trace_event {
  std::uint64_t id = 0;      ///< counts the blocks of the trace from 1
  std::size_t bytes = 0;     ///< 0 for a free
  std::uint64_t stream = 0;  ///< counts the streams of the trace from 0
  int device = 0;
  std::uint64_t nanoseconds = 0;  ///< since the trace began
};

/// Blocks taken and freed, in order. Thread-safe. Keeps the first `most` events and counts the others.
class trace_log {
 public:
  explicit trace_log(std::size_t most) noexcept : most_{most} {}

  /// Writes down what was taken, in which stream.
  template <api Api>
  void took(Api& api, const block& b, stream s) noexcept {
    const std::scoped_lock lock{mutex_};
    const std::uint64_t id = ++blocks_;
    if (!append(api, id, b.bytes, b.device, s)) return;
    try {
      live_.insert_or_assign(b.data, id);
    } catch (const std::bad_alloc&) {
      events_.pop_back();
      ++dropped_;
    }
  }

  /// A block whose allocation was dropped is passed over.
  template <api Api>
  void freed(Api& api, const block& b, stream s) noexcept {
    const std::scoped_lock lock{mutex_};
    const auto found = live_.find(b.data);
    if (found == live_.end()) return;
    append(api, found->second, 0, b.device, s);
    live_.erase(found);
  }

  /// The log so far, oldest first.
  [[nodiscard]] std::vector<trace_event> events() const {
    const std::scoped_lock lock{mutex_};
    return events_;
  }
  [[nodiscard]] std::size_t dropped() const noexcept {
    const std::scoped_lock lock{mutex_};
    return dropped_;
  }

 private:
  template <api Api>
  bool append(Api& api, std::uint64_t id, std::size_t bytes, int device, stream s) noexcept {
    try {
      if (events_.size() < most_) {
        events_.push_back({id, bytes, streams_.number_of(api, device, s), device, now()});
        return true;
      }
    } catch (const std::bad_alloc&) {  // counted as dropped
    }
    ++dropped_;
    return false;
  }
  [[nodiscard]] std::uint64_t now() const noexcept { return clock_now() - begin_; }

  /// By the C call, because `<chrono>` is slow to compile.
  static std::uint64_t clock_now() noexcept {
    constexpr std::uint64_t second = 1'000'000'000;
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * second + static_cast<std::uint64_t>(time.tv_nsec);
  }

  std::size_t most_;
  std::uint64_t begin_ = clock_now();
  mutable std::mutex mutex_;
  std::vector<trace_event> events_;
  std::unordered_map<const void*, std::uint64_t> live_;
  detail::stream_numbers streams_;
  std::uint64_t blocks_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace cmm
