#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "../core/api.hpp"
#include "../core/process.hpp"
#include "../core/say.hpp"
#include "free_after.hpp"

namespace cmm::detail {

/// The driver's memory pools of one source: one for each device, made when the device first asks.
///
/// Thread-safe. A pool lives as long as the source; a forked child leaves it to its parent. Calls for a
/// captured stream are refused: there the driver gives memory that is the graph's, and from managed and host
/// pools none.
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
    const status allowed = outside_captures(r.stream, "cudaMallocFromPoolAsync");
    if (!allowed.ok()) [[unlikely]]
      return allowed;
    pool_handle pool{};
    const status found = get(r.device, properties, grant, pool);
    return found.ok() ? api_.allocate_from_pool(out, r.bytes, pool, r.stream) : found;
  }

  status give_back(block b, stream s) {
    const status allowed = outside_captures(s, "cudaFreeAsync");
    return allowed.ok() ? api_.free_to_pool(b.data, s) : allowed;
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

  status outside_captures(stream s, const char* call) {
    std::uint64_t capture = 0;
    const status asked = capture_of(api_, s, capture);
    return asked.ok() && capture != 0 ? status{errc::capture_unsupported, call} : asked;
  }

  Api& api_;
  std::mutex mutex_;
  std::vector<std::pair<int, pool_handle>> pools_;
  process_mark mark_;
};

}  // namespace cmm::detail
