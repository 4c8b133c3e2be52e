#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>

#include "../core/stream.hpp"
#include "clock.hpp"

namespace cmm::sim {

/// How far each stream's work is known to have come, by stream id.
class vector_clock {
 public:
  void join(const vector_clock& other) {
    for (const auto& [stream, tick] : other.ticks_) reach(stream, tick);
  }
  void reach(std::uint64_t stream, std::uint64_t tick) { ticks_[stream] = std::max(ticks_[stream], tick); }
  [[nodiscard]] bool covers(std::uint64_t stream, std::uint64_t tick) const {
    const auto found = ticks_.find(stream);
    return found != ticks_.end() && found->second >= tick;
  }

 private:
  std::map<std::uint64_t, std::uint64_t> ticks_;
};

/// A position in a stream.
struct mark {
  std::uint64_t stream = 0;
  std::uint64_t tick = 0;
};

/// A stream: what it waits for and when its work is done. Like a non-blocking stream, it never waits for the
/// legacy default stream by itself.
struct stream_state {
  std::uint64_t id = 0;
  int device = 0;
  std::int64_t ready = 0;    ///< virtual time at which all its work is done
  std::int64_t kernels = 0;  ///< the same without its last prefetches, which overlap each other
  std::uint64_t tick = 0;
  vector_clock before{};
  std::uint64_t capture = 0;

  /// When work that is submitted now can begin.
  [[nodiscard]] std::int64_t free_at(std::int64_t submitted) const { return std::max(ready, submitted); }
  /// Adds work that ends at this time.
  void work_until(std::int64_t end) {
    kernels = ready = std::max(ready, end);
    before.reach(id, ++tick);
  }
  void prefetch(std::int64_t submitted, double nanoseconds, std::int64_t not_before) {
    ready = std::max({ready, std::max(kernels, submitted) + clock::rounded(nanoseconds), not_before});
    before.reach(id, ++tick);
  }
  void wait(std::int64_t time, const vector_clock& others) {
    kernels = ready = std::max(ready, time);
    before.join(others);
  }
};

struct event_state {
  std::int64_t ready = 0;
  vector_clock before{};
  std::uint64_t capture = 0;
};

/// The streams of a process by native handle: created ones, one legacy default stream for each device (null
/// or 1) and one default stream for each thread and device (2). Ids and handles are never used again.
class streams {
 public:
  stream create(int device) {
    const std::uint64_t id = ++last_id_;
    void* const native = reinterpret_cast<void*>(id << 12);
    created_[native] = {.id = id, .device = device};
    return native;
  }
  bool destroy(stream s) { return created_.erase(s.native()) != 0; }

  /// The stream, or null if there is none by this handle; a default stream is that of `device`.
  stream_state* find(stream s, int device) {
    const auto native = reinterpret_cast<std::uintptr_t>(s.native());
    if (is_legacy(s)) return default_of(0, device);
    if (native == 2) return default_of(thread_token(), device);
    const auto found = created_.find(s.native());
    return found == created_.end() ? nullptr : &found->second;
  }

  static bool is_legacy(stream s) { return reinterpret_cast<std::uintptr_t>(s.native()) < 2; }

  template <class Body>
  void each(Body body) {
    for (auto& [native, state] : created_) body(state);
    for (auto& [key, state] : defaults_) body(state);
  }

 private:
  stream_state* default_of(std::uint64_t thread, int device) {
    stream_state& state = defaults_[{thread, device}];
    if (state.id == 0) state = {.id = ++last_id_, .device = device};
    return &state;
  }

  std::unordered_map<void*, stream_state> created_;
  std::map<std::pair<std::uint64_t, int>, stream_state> defaults_;
  std::uint64_t last_id_ = 0;
};

}  // namespace cmm::sim
