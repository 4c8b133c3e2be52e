#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "../core/api.hpp"
#include "abi.hpp"

namespace cmm::torch {

/// Which graph captures allocated for which of PyTorch's memory pools. Thread-safe.
///
/// PyTorch opens a pool for each capture, may open it again for further graphs, and releases it once for each
/// time it was opened; when the last graph is gone, its captures are.
class graph_pools {
 public:
  using id = cmm_torch_mempool_id;
  using filter = std::function<bool(CUstream_st*)>;

  void begin(int device, const id& pool, filter serves) {
    const std::scoped_lock lock{mutex_};
    ++pools_[{device, pool}].uses;
    open_.push_back({{device, pool}, std::move(serves)});
    count_.store(open_.size(), std::memory_order_relaxed);
  }

  void end(int device, const id& pool) {
    const std::scoped_lock lock{mutex_};
    std::erase_if(open_, [&](const server& each) { return each.pool == key{device, pool}; });
    count_.store(open_.size(), std::memory_order_relaxed);
  }

  /// Notes the capture of the stream, if there is one, for the pool that serves it. Host memory may run out:
  /// `std::bad_alloc`.
  template <api Api>
  void note(Api& api, int device, CUstream_st* s) {
    if (count_.load(std::memory_order_relaxed) == 0) [[likely]]
      return;
    std::uint64_t capture = 0;
    if (!api.capture_of(stream{s}, capture).ok() || capture == 0) return;
    const std::scoped_lock lock{mutex_};
    for (const server& each : open_) {
      if (each.pool.first == device && each.serves(s)) pools_[each.pool].captures.insert(capture);
    }
  }

  void release(int device, const id& pool) {
    const std::scoped_lock lock{mutex_};
    const auto found = pools_.find({device, pool});
    if (found == pools_.end() || --found->second.uses > 0) return;
    for (const std::uint64_t capture : found->second.captures) ended_.emplace_back(device, capture);
    pools_.erase(found);
  }

  /// Hands each capture whose graphs are all gone, with its device, to `forget`. What throws there is tried
  /// again the next time. None while something is being captured.
  void forget_ended(auto&& forget) {
    const std::scoped_lock lock{forgetting_};
    for (;;) {
      std::pair<int, std::uint64_t> next;
      {
        const std::scoped_lock reading{mutex_};
        if (ended_.empty() || !open_.empty()) return;
        next = ended_.back();
      }
      forget(next.first, next.second);
      const std::scoped_lock writing{mutex_};
      std::erase(ended_, next);
    }
  }

 private:
  using key = std::pair<int, id>;
  struct opened_pool {
    int uses = 0;
    std::set<std::uint64_t> captures{};
  };
  struct server {
    key pool;
    filter serves;
  };

  std::mutex mutex_;
  std::mutex forgetting_;
  std::map<key, opened_pool> pools_;
  std::vector<server> open_;
  std::vector<std::pair<int, std::uint64_t>> ended_;
  std::atomic<std::size_t> count_ = 0;
};

}  // namespace cmm::torch
