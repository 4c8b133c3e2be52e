#pragma once

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "../core/say.hpp"
#include "../core/stepping_thread.hpp"
#include "memory_area.hpp"

namespace cmm {

/// Memory handles of one memory, all of one size, that a thread makes before anybody knows where they will be
/// mapped: host memory comes at 4-5 GB/s, and a range that takes from a stock does not wait for that.
///
/// When a memory runs out the stock ends with what it has; who takes more makes it, and is told why not. Any
/// thread may take and ask. The destructor stops the thread and gives back what nobody took; a forked child
/// leaves it to its parent. Throws `bad_request` for sizes that cannot be.
template <api Api>
class memory_stock {
 public:
  /// `bytes` in handles of `piece` bytes, rounded up, at a location that is resolved for the device.
  memory_stock(Api api, location where, std::size_t bytes, std::size_t piece, int device = current_device)
      : api_{std::move(api)}, piece_{piece} {
    const auto here = api_.enter(device);
    detail::check(here.result(), "entering the device of a stock of memory");
    device_ = here.device();
    where_ = detail::resolve_memory(api_, where, device_);
    std::size_t granule = 0;
    detail::check_granularity(api_.granularity(where_, granule), where_);
    if (piece == 0 || piece % granule != 0) {
      throw bad_request{"a stock of memory in pieces of " + size_in_full(piece) + " was asked for, and " +
                        to_text(where_) + " comes in " + size_in_full(granule) + "; give a multiple of that"};
    }
    wanted_ = bytes / piece + (bytes % piece != 0);
    made_.reserve(wanted_);
    if (wanted_ != 0) thread_.start([this] { return step(); });
  }
  memory_stock(const memory_stock&) = delete;
  memory_stock& operator=(const memory_stock&) = delete;
  ~memory_stock() {
    if (thread_.forked()) return;
    thread_.end();
    const auto here = api_.enter(device_);
    for (memory_handle each : made_) {
      if (!api_.release_memory(each).ok())
        detail::say("a handle of a stock of memory stays taken until the end");
    }
  }

  /// Which memory the handles are of, and how many bytes each has.
  [[nodiscard]] location where() const noexcept { return where_; }
  [[nodiscard]] std::size_t piece() const noexcept { return piece_; }
  /// Bytes made so far, whoever has them.
  [[nodiscard]] std::size_t ready() const {
    const std::scoped_lock lock{mutex_};
    return so_far_ * piece_;
  }

  /// A handle of so many bytes there, which is the caller's from now on; waits for the next one that is made.
  /// Says whether there is one.
  bool take(std::size_t bytes, location where, memory_handle& out) {
    if (bytes != piece_ || where != where_ || thread_.forked()) return false;
    {
      const std::scoped_lock lock{mutex_};
      if (promised_ == wanted_) return false;
      ++promised_;
    }
    bool got = false;
    thread_.wait([&] {
      const std::scoped_lock lock{mutex_};
      if (got || made_.empty()) return got;
      out = made_.back();
      made_.pop_back();
      return got = true;
    });
    return got;
  }

 private:
  bool step() noexcept {
    const auto here = api_.enter(device_);
    memory_handle made{};
    if (!here.result().ok() || !api_.create_memory(made, piece_, where_, false).ok()) return false;
    const std::scoped_lock lock{mutex_};
    made_.push_back(made);  // has room for all of them
    return ++so_far_ < wanted_;
  }

  Api api_;
  location where_{};
  std::size_t piece_;
  int device_ = 0;
  std::size_t wanted_ = 0;
  std::size_t promised_ = 0;
  std::size_t so_far_ = 0;
  std::vector<memory_handle> made_;
  mutable std::mutex mutex_;
  detail::stepping_thread thread_;
};

}  // namespace cmm
