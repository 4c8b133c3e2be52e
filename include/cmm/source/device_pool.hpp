#pragma once

#include <utility>

#include "driver_pools.hpp"

namespace cmm {

/// Memory of one GPU from the driver's stream-ordered pool (`cudaMallocFromPoolAsync`), which keeps what is
/// freed.
struct device_pool {
  static constexpr const char* name = "device_pool";
  static constexpr bool migratable = false;

  template <cmm::api Api>
  class on {
   public:
    on(Api api, device_pool) : api_{std::move(api)} {}

    status take(void*& out, const request& r) {
      return pools_.take(out, r, {pool_properties::kind::pinned, location::device(r.device)}, false);
    }
    status give_back(block b, stream s) { return pools_.give_back(b, s); }
    Api& api() noexcept { return api_; }

   private:
    [[no_unique_address]] Api api_;
    detail::driver_pools<Api> pools_{api_};
  };
};

}  // namespace cmm
