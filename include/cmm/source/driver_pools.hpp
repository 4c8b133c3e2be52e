#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "../core/api.hpp"
#include "../core/process.hpp"
#include "../core/say.hpp"

namespace cmm::detail {

/// The driver's memory pools of one source: one for each device, made when the device first asks.
///
/// Thread-safe. A pool lives as long as the source; a forked child leaves it to its parent.
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

  /// Finds or makes the pool of a device; `grant` lets the device use a pool that lives elsewhere.
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
    if (!granted.ok()) {
      const status undone = api_.destroy_pool(out);
      return undone.ok() ? granted : undone;
    }
    pools_.emplace_back(device, out);
    return {};
  }

 private:
  Api& api_;
  std::mutex mutex_;
  std::vector<std::pair<int, pool_handle>> pools_;
  process_mark mark_;
};

/// Takes from the pool of the request's device.
template <api Api>
status take_from(driver_pools<Api>& pools, Api& api, void*& out, const request& r, pool_properties properties,
                 bool grant) {
  pool_handle pool{};
  const status found = pools.get(r.device, properties, grant, pool);
  return found.ok() ? api.allocate_from_pool(out, r.bytes, pool, r.stream) : found;
}

}  // namespace cmm::detail
