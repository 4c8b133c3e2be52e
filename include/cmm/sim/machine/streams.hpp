#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "../../core/stream.hpp"

namespace cmm::sim {

/// What a map holds under a key, or null.
auto* look_up(auto& map, const auto& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

/// A number for the calling thread, which dies with it; never used again by another, as a `std::thread::id`
/// is.
inline const std::shared_ptr<const std::uint64_t>& this_thread() {
  static std::atomic<std::uint64_t> last{0};
  thread_local const auto token = std::make_shared<const std::uint64_t>(++last);
  return token;
}
inline std::uint64_t thread_token() { return *this_thread(); }

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
  bool created = false;                ///< by the program, which has not destroyed it
  std::uint64_t thread = 0;            ///< whose default stream it is
  std::weak_ptr<const void> living{};  ///< expires with that thread

  [[nodiscard]] bool destroyed() const noexcept { return !created && !legacy && thread == 0; }
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

/// The streams of a process by native handle: created ones, one legacy default stream for each device (1) and
/// one default stream for each thread and device (2); null is one of the two. Ids and handles are never used
/// again.
class streams {
 public:
  explicit streams(stream null) : null_{null} {}

  stream create(int device) {
    const stream_state& made = add({.device = device, .created = true});
    return reinterpret_cast<void*>(made.id << 12);
  }
  bool destroy(stream s) {
    stream_state* const found = created(s);
    return found != nullptr && std::exchange(found->created, false);
  }

  /// The stream, or null if there is none by this handle; a default stream is that of `device`.
  stream_state* find(stream s, int device) {
    const stream known = s.native() == nullptr ? null_ : s;
    if (known == stream::legacy()) return default_of(0, device);
    return known == stream::per_thread() ? default_of(thread_token(), device) : created(known);
  }

  /// The default stream that the null handle means.
  [[nodiscard]] stream null() const noexcept { return null_; }

  void each(auto body) {
    for (auto& [id, state] : all_) {
      if (!state.destroyed()) body(state);
    }
  }

  /// True now and then, when it is worth while to let streams retire.
  [[nodiscard]] bool many_gone() const noexcept { return all_.size() >= 2 * unfinished_ + 16; }
  /// Destroyed streams of which the host knows all are remembered no longer, nor those of threads that ended.
  void retire(const vector_clock& host) {
    std::erase_if(all_, [&](const auto& each) {
      const stream_state& state = each.second;
      const bool ended = state.thread != 0 && state.living.expired() && state.capture == 0;
      return (ended || state.destroyed()) && (state.tick == 0 || host.covers(state.id, state.tick));
    });
    std::erase_if(defaults_, [&](const auto& each) { return retired(each.second); });
    unfinished_ = all_.size();
  }
  [[nodiscard]] bool retired(std::uint64_t id) const { return id != 0 && !all_.contains(id); }

 private:
  stream_state& add(stream_state made) {
    made.id = ++last_id_;
    return all_[made.id] = std::move(made);
  }
  stream_state* created(stream s) {
    const auto handle = reinterpret_cast<std::uint64_t>(s.native());
    stream_state* const found = handle % (1 << 12) == 0 ? look_up(all_, handle >> 12) : nullptr;
    return found != nullptr && found->created ? found : nullptr;
  }
  stream_state* default_of(std::uint64_t thread, int device) {
    std::uint64_t& id = defaults_[{thread, device}];
    if (id != 0) return &all_.at(id);
    stream_state made{.device = device, .legacy = thread == 0, .thread = thread};
    if (thread != 0) made.living = this_thread();
    stream_state& added = add(std::move(made));
    id = added.id;
    return &added;
  }

  stream null_;
  std::map<std::uint64_t, stream_state> all_;
  std::map<std::pair<std::uint64_t, int>, std::uint64_t>
      defaults_;                ///< by thread, 0 the legacy one, and device
  std::size_t unfinished_ = 0;  ///< streams that could not retire the last time
  std::uint64_t last_id_ = 0;
};

}  // namespace cmm::sim
