#pragma once

#include <atomic>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../core/api.hpp"
#include "../core/process.hpp"
#include "../core/say.hpp"
#include "free_after.hpp"

namespace cmm::detail {

/// The driver's memory pools of one source: one for each device, made when the device first asks.
///
/// Thread-safe. A pool lives as long as the source; a forked child leaves it to its parent. A captured stream
/// gives back only what it took in the same capture, because the driver breaks the capture over other blocks.
template <api Api>
class driver_pools {
 public:
  explicit driver_pools(Api& api) : api_{api} {}
  ~driver_pools() {
    if (mark_.forked()) return;
    for (const auto& [device, pool] : pools_) {
      const status gone = api_.destroy_pool(pool);
      if (!gone.ok()) say(std::string{gone.call} + " failed: " + describe(gone.code));
    }
  }
  driver_pools(const driver_pools&) = delete;
  driver_pools& operator=(const driver_pools&) = delete;

  /// Takes from the pool of the request's device; `grant` lets the device use a pool that lives elsewhere.
  status take(void*& out, const request& r, pool_properties properties, bool grant) {
    pool_handle pool{};
    const status found = get(r.device, properties, grant, pool);
    if (!found.ok()) return found;
    std::uint64_t capture = 0;
    const status asked = capture_of(api_, r.stream, capture);
    if (!asked.ok()) return asked;
    const status taken = api_.allocate_from_pool(out, r.bytes, pool, r.stream);
    if (capture != 0 && taken.ok()) [[unlikely]]
      remember(out, capture, r.stream);
    return taken;
  }

  status give_back(block b, stream s) {
    std::uint64_t capture = 0;
    const status asked = capture_of(api_, s, capture);
    if (!asked.ok()) [[unlikely]]
      return asked;
    if (capture != 0 || captured_count_.load(std::memory_order_relaxed) != 0) [[unlikely]] {
      const std::scoped_lock lock{mutex_};
      const auto found = captured_.find(b.data);
      if (capture != 0 && (found == captured_.end() || found->second != capture))
        return {errc::capture_unsupported, "cudaFreeAsync"};
      if (found != captured_.end()) captured_.erase(found);
      captured_count_ = captured_.size();
    }
    return api_.free_to_pool(b.data, s);
  }

 private:
  static constexpr int nobody = -1;

  status get(int device, pool_properties properties, bool grant, pool_handle& out) {
    const std::scoped_lock lock{mutex_};
    for (const auto& [owner, pool] : pools_) {
      if (owner == device) {
        out = pool;
        return {};
      }
    }
    pools_.reserve(pools_.size() + 1);
    const status made = api_.create_pool(out, properties);
    if (!made.ok()) return made;
    const status granted = grant ? api_.grant_access(out, device) : status{};
    if (granted.ok()) {
      pools_.emplace_back(device, out);
    } else if (!api_.destroy_pool(out).ok()) {
      pools_.emplace_back(nobody, out);  // destroyed with the rest
    }
    return granted;
  }

  void remember(void* taken, std::uint64_t capture, stream s) {
    const std::scoped_lock lock{mutex_};
    try {
      captured_.emplace(taken, capture);
    } catch (...) {
      static_cast<void>(api_.free_to_pool(taken, s));
      throw;
    }
    captured_count_ = captured_.size();
  }

  Api& api_;
  std::mutex mutex_;
  std::vector<std::pair<int, pool_handle>> pools_;
  std::unordered_map<void*, std::uint64_t> captured_;
  std::atomic<std::size_t> captured_count_ = 0;
  process_mark mark_;
};

}  // namespace cmm::detail
