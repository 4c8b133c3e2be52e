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
      if (!mark_.forked()) flush();
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
      std::vector<stream> users = forget(b.data);
      std::erase(users, s);
      if (users.empty()) return upstream_.deallocate(b, s);
      const auto here = api().enter(b.device);
      users.push_back(s);
      for (const stream each : users) {
        if (captured(each)) return upstream_.deallocate(b, each);
      }
      if (!defer(b, s, users)) give_back_now(b, s, users);
    }

    /// Says that a live block is used in `s` too, up to its free. Host memory may run out: `std::bad_alloc`.
    void record(const void* data, stream s) {
      const std::scoped_lock lock{mutex_};
      std::vector<stream>& users = users_[data];
      for (const stream known : users) {
        if (known == s) return;
      }
      users.push_back(s);
      recorded_.store(users_.size(), std::memory_order_relaxed);
    }

    /// Waits for the streams that freed blocks wait for, and gives those blocks back.
    void flush() noexcept { give_back_waiting(/*wait=*/true); }

    /// Freed blocks that still wait for a stream.
    [[nodiscard]] std::size_t waiting() const noexcept { return waits_.load(std::memory_order_relaxed); }

    auto& api() noexcept { return upstream_.api(); }
    auto& upstream() noexcept { return upstream_; }
    const auto& upstream() const noexcept { return upstream_; }

   private:
    /// A freed block and the work that must be over before it is reused. Work of its own stream is part of
    /// it, because the thread that gives it back may mean another stream by the same handle.
    struct waiting_block {
      block held;
      stream own;
      std::vector<event> ends;
    };

    std::vector<stream> forget(const void* data) noexcept {
      const std::scoped_lock lock{mutex_};
      const auto found = users_.find(data);
      if (found == users_.end()) return {};
      std::vector<stream> users = std::move(found->second);
      users_.erase(found);
      recorded_.store(users_.size(), std::memory_order_relaxed);
      return users;
    }

    bool captured(stream s) noexcept {
      std::uint64_t capture = 0;
      return api().capture_of(s, capture).code == errc::capture_implicit || capture != 0;
    }

    bool defer(const block& b, stream s, const std::vector<stream>& users) noexcept {
      waiting_block wait{b, s, {}};
      try {
        wait.ends.reserve(users.size());
        if (std::all_of(users.begin(), users.end(), [&](stream each) { return mark_end(wait, each); })) {
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

    bool mark_end(waiting_block& wait, stream s) noexcept {
      event end{};
      if (!api().create_event(end).ok()) return false;
      wait.ends.push_back(end);  // has room
      return api().record(end, s).ok();
    }

    /// The host waits, where no event can be had.
    void give_back_now(const block& b, stream s, const std::vector<stream>& users) noexcept {
      for (const stream each : users) complain(api().synchronize(each));
      upstream_.deallocate(b, s);
    }

    void give_back_waiting(bool wait) noexcept {
      std::vector<waiting_block> done;
      {
        const std::scoped_lock lock{mutex_};
        if (wait) {
          done.swap(waiting_);
        } else {
          const auto first_done = std::partition(waiting_.begin(), waiting_.end(),
                                                 [&](const waiting_block& each) { return !finished(each); });
          try {
            done.assign(std::make_move_iterator(first_done), std::make_move_iterator(waiting_.end()));
          } catch (const std::bad_alloc&) {
            return;  // they wait on
          }
          waiting_.erase(first_done, waiting_.end());
        }
        waits_.store(waiting_.size(), std::memory_order_relaxed);
      }
      for (waiting_block& each : done) {
        const auto here = api().enter(each.held.device);
        if (wait) {
          for (const event end : each.ends) complain(api().synchronize(end));
        }
        destroy(each);
        upstream_.deallocate(each.held, each.own);
      }
    }

    bool finished(const waiting_block& each) noexcept {
      const auto here = api().enter(each.held.device);
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
    std::unordered_map<const void*, std::vector<stream>> users_;
    std::vector<waiting_block> waiting_;
    std::atomic<std::size_t> recorded_ = 0;
    std::atomic<std::size_t> waits_ = 0;
    detail::process_mark mark_;
    Upstream upstream_;
  };
};

}  // namespace cmm
