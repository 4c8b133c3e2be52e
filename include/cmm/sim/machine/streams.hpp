#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "../../core/stream.hpp"
#include "clock.hpp"
#include "lookup.hpp"

namespace cmm::sim {

/// How far each stream's work is known to have come, by stream id.
class vector_clock {
 public:
  /// Forgets streams that are gone and finished, of which `gone(id)` is true.
  void forget(auto gone) {
    std::erase_if(ticks_, [&](const auto& each) { return gone(each.first); });
  }
  void join(const vector_clock& other) {
    for (const auto& [stream, tick] : other.ticks_) reach(stream, tick);
  }
  void reach(std::uint64_t stream, std::uint64_t tick) { ticks_[stream] = std::max(ticks_[stream], tick); }
  [[nodiscard]] std::size_t size() const noexcept { return ticks_.size(); }
  [[nodiscard]] bool covers(std::uint64_t stream, std::uint64_t tick) const {
    const std::uint64_t* const found = look_up(ticks_, stream);
    return found != nullptr && *found >= tick;
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
  bool legacy = false;
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

/// The default stream of a device, or of one thread there.
struct default_state : stream_state {
  std::weak_ptr<const void> thread{};  ///< expires with the thread
};

struct event_state {
  std::int64_t ready = 0;
  vector_clock before{};
  std::uint64_t capture = 0;
};

/// The streams of a process by native handle: created ones, one legacy default stream for each device (1) and
/// one default stream for each thread and device (2); null is one of the two. Ids and handles are never used
/// again.
class streams {
 public:
  explicit streams(stream null) : null_{null} {}

  stream create(int device) {
    const std::uint64_t id = ++last_id_;
    void* const native = reinterpret_cast<void*>(id << 12);
    created_[native] = {.id = id, .device = device};
    return native;
  }
  bool destroy(stream s) {
    const auto found = created_.find(s.native());
    if (found == created_.end()) return false;
    destroyed_[found->second.id] = found->second.tick;
    created_.erase(found);
    return true;
  }

  /// The stream, or null if there is none by this handle; a default stream is that of `device`.
  stream_state* find(stream s, int device) {
    const stream known = s.native() == nullptr ? null_ : s;
    if (known == stream::legacy()) return default_of(0, device);
    if (known == stream::per_thread()) return default_of(thread_token(), device);
    return look_up(created_, known.native());
  }

  /// The default stream that the null handle means.
  [[nodiscard]] stream null() const noexcept { return null_; }

  void each(auto body) {
    for (auto& [native, state] : created_) body(state);
    for (auto& [key, state] : defaults_) body(state);
  }

  /// The per-thread default streams of a device, for which work in the legacy one waits.
  void each_per_thread(int device, auto body) {
    for (auto& [key, state] : defaults_) {
      if (key.first != 0 && key.second == device) body(state);
    }
  }

  /// True now and then, when it is worth while to let streams retire.
  [[nodiscard]] bool many_gone() const noexcept {
    return destroyed_.size() + defaults_.size() >= 2 * unfinished_ + created_.size() + 16;
  }
  /// Destroyed streams of which the host knows all are remembered no longer, nor those of threads that ended.
  void retire(const vector_clock& host) {
    const auto finished = [&](std::uint64_t id, std::uint64_t tick) {
      return tick == 0 || host.covers(id, tick);
    };
    std::erase_if(destroyed_, [&](const auto& each) { return finished(each.first, each.second); });
    std::erase_if(defaults_, [&](const auto& each) {
      const default_state& state = each.second;
      const bool ended = each.first.first != 0 && state.thread.expired() && state.capture == 0;
      return ended && finished(state.id, state.tick) && default_ids_.erase(state.id) != 0;
    });
    unfinished_ = destroyed_.size() + defaults_.size();
  }
  [[nodiscard]] bool retired(std::uint64_t id) const {
    return id != 0 && !created_.contains(reinterpret_cast<void*>(id << 12)) && !default_ids_.contains(id) &&
           !destroyed_.contains(id);
  }

 private:
  stream_state* default_of(std::uint64_t thread, int device) {
    default_state& state = defaults_[{thread, device}];
    if (state.id == 0) {
      state.id = ++last_id_;
      state.device = device;
      state.legacy = thread == 0;
      if (thread != 0) state.thread = thread_life();
      default_ids_.insert(state.id);
    }
    return &state;
  }

  stream null_;
  std::unordered_map<void*, stream_state> created_;
  std::map<std::pair<std::uint64_t, int>, default_state> defaults_;
  std::unordered_set<std::uint64_t> default_ids_;
  std::map<std::uint64_t, std::uint64_t> destroyed_;  ///< the last ticks of those that did not retire
  std::size_t unfinished_ = 0;  ///< destroyed and default streams that could not retire the last time
  std::uint64_t last_id_ = 0;
};

}  // namespace cmm::sim
