#pragma once

#include <cstdint>
#include <ctime>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../core/concepts.hpp"
#include "../core/fields.hpp"

namespace cmm {

/// One line of a trace: a block taken or freed.
struct trace_event {
  std::uint64_t id = 0;      ///< counts the blocks of the trace from 1
  std::size_t bytes = 0;     ///< 0 for a free
  std::uint64_t stream = 0;  ///< counts the streams of the trace from 0
  int device = 0;
  std::uint64_t nanoseconds = 0;  ///< since the trace began
};

/// Marks each call with an NVTX range and logs it; `tools/bench --filter replay --trace FILE` runs a log
/// again.
///
/// At most `events` events are kept, in host memory, until `save`; later ones are counted as dropped.
struct trace {
  int events = 1 << 20;

  static constexpr const char* name = "trace";
  static constexpr void fields(auto& self, auto&& visit) { visit("events", self.events); }

  /// Exhaustion: passed on; only blocks that were handed out are logged. Threads: any number, one at a time
  /// while it writes its log. Streams: passed on.
  template <allocator Upstream>
  class over {
   public:
    using settings_type = trace;

    template <class... Rest>
    explicit over(trace settings, Rest&&... rest)
        : most_{settings.events < 0 ? 0 : static_cast<std::size_t>(settings.events)},
          upstream_{std::forward<Rest>(rest)...} {}

    block allocate(request r) {
      const range named{api(), "cmm allocate"};
      const block b = upstream_.allocate(r);
      if (b) log_allocation(b, r.stream);
      return b;
    }
    void deallocate(block b, stream s) noexcept {
      const range named{api(), "cmm deallocate"};
      log_free(b, s);
      upstream_.deallocate(b, s);
    }

    /// The log so far, oldest first.
    [[nodiscard]] std::vector<trace_event> log() const {
      const std::scoped_lock lock{mutex_};
      return log_;
    }
    [[nodiscard]] std::size_t dropped() const noexcept {
      const std::scoped_lock lock{mutex_};
      return dropped_;
    }

    auto& api() noexcept { return upstream_.api(); }
    auto& upstream() noexcept { return upstream_; }
    const auto& upstream() const noexcept { return upstream_; }

   private:
    using api_type = std::remove_cvref_t<decltype(std::declval<Upstream&>().api())>;

    struct range {
      api_type& api;
      range(api_type& to, const char* label) : api{to} { api.push_range(label); }
      ~range() { api.pop_range(); }
      range(const range&) = delete;
      range& operator=(const range&) = delete;
    };

    void log_allocation(const block& b, stream s) noexcept {
      const std::scoped_lock lock{mutex_};
      try {
        const std::uint64_t id = ++blocks_;
        if (!append({id, b.bytes, number_of(s), b.device, now()})) return;
        live_.insert_or_assign(b.data, id);
      } catch (const std::bad_alloc&) {
        ++dropped_;
      }
    }
    void log_free(const block& b, stream s) noexcept {
      const std::scoped_lock lock{mutex_};
      const auto found = live_.find(b.data);
      if (found == live_.end()) return;  // its allocation was dropped
      try {
        append({found->second, 0, number_of(s), b.device, now()});
      } catch (const std::bad_alloc&) {
        ++dropped_;
      }
      live_.erase(found);
    }
    bool append(const trace_event& e) {
      if (log_.size() >= most_) {
        ++dropped_;
        return false;
      }
      log_.push_back(e);
      return true;
    }
    std::uint64_t number_of(stream s) {
      return streams_.try_emplace(s.native(), streams_.size()).first->second;
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
    std::vector<trace_event> log_;
    std::unordered_map<const void*, std::uint64_t> live_;
    std::unordered_map<const void*, std::uint64_t> streams_;
    std::uint64_t blocks_ = 0;
    std::size_t dropped_ = 0;
    Upstream upstream_;
  };
};

}  // namespace cmm
