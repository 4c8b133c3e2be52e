#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../core/concepts.hpp"
#include "../core/process.hpp"
#include "../core/say.hpp"
#include "stream_use.hpp"

namespace cmm {

/// Lets blocks be used in other streams than their own: `record` names such a stream, and the block, once
/// freed, is kept from reuse until that stream has done what it was given before the free.
struct record_streams {
  static constexpr const char* name = "record_streams";

  /// Exhaustion: freed blocks that still wait are waited for and the request is tried again. Threads: any
  /// number; no lock is held while the upstream works or the GPU is waited for. Streams: neither the block's
  /// stream nor the recorded ones are held up; a block that a graph capture uses stays with that capture.
  template <allocator Upstream>
  class over {
   public:
    using settings_type = record_streams;

    template <class... Rest>
    explicit over(record_streams, Rest&&... rest) : upstream_{std::forward<Rest>(rest)...} {}
    ~over() {
      if (mark_.forked()) return;
      flush();
      for (waiting_block& each : waiting_) give_back(each, /*wait=*/true);
    }
    over(const over&) = delete;
    over& operator=(const over&) = delete;

    block allocate(request r) {
      if (waits_.load(std::memory_order_relaxed) != 0) [[unlikely]]
        give_back_waiting(/*wait=*/false);
      const block b = upstream_.allocate(r);
      if (b || waits_.load(std::memory_order_relaxed) == 0) [[likely]]
        return b;
      flush();
      return upstream_.allocate(r);
    }

    void deallocate(block b, stream s) noexcept {
      if (recorded_.load(std::memory_order_relaxed) == 0 || mark_.forked()) [[likely]]
        return upstream_.deallocate(b, s);
      uses users = forget(b.data);
      if (users.empty()) return upstream_.deallocate(b, s);
      const auto here = api().enter(b.device);
      detail::stream_use own;
      if (detail::use_of(api(), s, own).ok()) std::erase(users, own);
      if (users.empty()) return upstream_.deallocate(b, s);
      users.push_back(own);  // has room
      for (const detail::stream_use& each : users) {
        const stream captured = detail::reachable(api(), each);
        if (capture_of(captured) == capturing::itself) return upstream_.deallocate(b, captured);
      }
      if (!defer(b, s, users)) give_back_now(b, s, users);
    }

    /// Says that a live block is used in `s` too, up to its free; a default stream is that of the thread's
    /// device. The stream must live until then, and the one that the block is freed in until it was given
    /// back: call `flush` before you destroy that. Host memory may run out: `std::bad_alloc`.
    void record(const block& b, stream s) { record(b.data, s); }
    /// The same for who knows a block by its address alone, as PyTorch does.
    void record(const void* data, stream s) {
      detail::stream_use use;
      detail::check(detail::use_of(api(), s, use), "recording a stream");
      const std::scoped_lock lock{mutex_};
      uses& users = users_[data];
      if (std::find(users.begin(), users.end(), use) != users.end()) return;
      if (users.capacity() < users.size() + 2) users.reserve(2 * users.size() + 2);  // the free adds one
      users.push_back(use);
      recorded_.store(users_.size(), std::memory_order_relaxed);
    }

    /// Waits for the streams that freed blocks wait for, and gives those blocks back; not those that wait for
    /// the legacy default stream while another stream is captured.
    void flush() noexcept { give_back_waiting(/*wait=*/true); }

    /// Freed blocks that still wait for a stream.
    [[nodiscard]] std::size_t waiting() const noexcept { return waits_.load(std::memory_order_relaxed); }

    auto& api() noexcept { return upstream_.api(); }
    auto& upstream() noexcept { return upstream_; }
    const auto& upstream() const noexcept { return upstream_; }

   private:
    using uses = std::vector<detail::stream_use>;

    /// A freed block and the work that must be over before it is reused. Work of its own stream is part of
    /// it, because the thread that gives it back may mean another stream by the same handle.
    struct waiting_block {
      block held;
      stream own;
      std::vector<event> ends{};
      std::vector<int> unmarked{};  ///< devices whose legacy stream takes no event while a capture lasts
    };

    /// What work in a stream now would join: nothing, its own capture, or that of another stream.
    enum class capturing : unsigned char { none, itself, another };

    capturing capture_of(stream s) noexcept {
      std::uint64_t capture = 0;
      if (api().capture_of(s, capture).code == errc::capture_implicit) return capturing::another;
      return capture != 0 ? capturing::itself : capturing::none;
    }

    uses forget(const void* data) noexcept {
      const std::scoped_lock lock{mutex_};
      const auto found = users_.find(data);
      if (found == users_.end()) return {};
      uses known = std::move(found->second);
      users_.erase(found);
      recorded_.store(users_.size(), std::memory_order_relaxed);
      return known;
    }

    bool defer(const block& b, stream s, const uses& by) noexcept {
      waiting_block wait{b, s};
      try {
        wait.ends.reserve(by.size());
        wait.unmarked.reserve(by.size());
        if (std::all_of(by.begin(), by.end(), [&](const auto& each) { return mark_end(wait, each); })) {
          const std::scoped_lock lock{mutex_};
          waiting_.push_back(wait);
          waits_.store(waiting_.size(), std::memory_order_relaxed);
          return true;
        }
      } catch (const std::bad_alloc&) {
      }
      destroy(wait);
      return false;
    }

    /// The lists of the block have room.
    bool mark_end(waiting_block& wait, const detail::stream_use& of) noexcept {
      const auto here = api().enter(of.device);
      const stream s = detail::reachable(api(), of);
      if (capture_of(s) == capturing::another) {
        wait.unmarked.push_back(here.device());
        return true;
      }
      return mark_end(wait, s);
    }
    bool mark_end(waiting_block& wait, stream s) noexcept {
      event end{};
      if (!api().create_event(end).ok()) return false;
      wait.ends.push_back(end);
      return api().record(end, s).ok();
    }

    /// Marks what could not be marked when the block was freed; false while that is still so.
    bool marked(waiting_block& wait) noexcept {
      while (!wait.unmarked.empty()) {
        const auto here = api().enter(wait.unmarked.back());
        if (capture_of(stream::legacy()) != capturing::none) return false;
        if (!mark_end(wait, stream::legacy())) complain(api().synchronize(stream::legacy()));
        wait.unmarked.pop_back();
      }
      return true;
    }

    /// The host waits, where no event can be had.
    void give_back_now(const block& b, stream s, const uses& by) noexcept {
      for (const detail::stream_use& each : by) {
        const auto here = api().enter(each.device);
        complain(api().synchronize(detail::reachable(api(), each)));
      }
      upstream_.deallocate(b, s);
    }

    void give_back_waiting(bool wait) noexcept {
      std::vector<waiting_block> done;
      {
        const std::scoped_lock lock{mutex_};
        const auto first_done = std::partition(waiting_.begin(), waiting_.end(), [&](waiting_block& each) {
          const auto here = api().enter(each.held.device);
          return !marked(each) || !(wait || finished(each));
        });
        try {
          done.assign(std::make_move_iterator(first_done), std::make_move_iterator(waiting_.end()));
        } catch (const std::bad_alloc&) {
          return;  // they wait on
        }
        waiting_.erase(first_done, waiting_.end());
        waits_.store(waiting_.size(), std::memory_order_relaxed);
      }
      for (waiting_block& each : done) give_back(each, wait);
    }

    void give_back(waiting_block& each, bool wait) noexcept {
      const auto here = api().enter(each.held.device);
      if (wait) {
        for (const event end : each.ends) complain(api().synchronize(end));
      }
      destroy(each);
      upstream_.deallocate(each.held, each.own);
    }

    bool finished(const waiting_block& each) noexcept {
      return std::all_of(each.ends.begin(), each.ends.end(),
                         [&](const event& end) { return api().query(end).ok(); });
    }

    void destroy(waiting_block& gone) noexcept {
      for (const event end : gone.ends) complain(api().destroy_event(end));
      gone.ends.clear();
    }

    static void complain(status result) noexcept {
      if (!result.ok()) {
        detail::say(std::string{result.call} +
                    " failed while a freed block waited for a stream: " + describe(result.code));
      }
    }

    mutable std::mutex mutex_;
    std::unordered_map<const void*, uses> users_;
    std::vector<waiting_block> waiting_;
    std::atomic<std::size_t> recorded_ = 0;
    std::atomic<std::size_t> waits_ = 0;
    detail::process_mark mark_;
    Upstream upstream_;
  };
};

}  // namespace cmm
