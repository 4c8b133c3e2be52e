#pragma once

#include <utility>

#include "../core/resolve.hpp"
#include "driver_pools.hpp"

namespace cmm {

/// Pinned memory of a host NUMA node that GPUs reach directly: what NVIDIA documents for extended GPU memory.
///
/// Served by a pinned HOST_NUMA pool of the driver; each device that asks is granted access. `at` is the node
/// nearest to the device unless named.
struct egm {
  location at = location::nearest_numa();

  static constexpr const char* name = "egm";
  static constexpr bool migratable = false;
  static constexpr bool host_accessible = true;
  static constexpr void fields(auto& self, auto&& visit) { visit("at", self.at); }

  template <cmm::api Api>
  class on {
   public:
    on(Api api, egm settings) : api_{std::move(api)}, at_{settings.at} {}

    status take(void*& out, const request& r) {
      return pools_.take(out, r, {pool_properties::kind::pinned, resolve(api_, at_, r.device)}, true);
    }
    status give_back(block b, stream s) { return pools_.give_back(b, s); }
    Api& api() noexcept { return api_; }

   private:
    [[no_unique_address]] Api api_;
    location at_;
    detail::driver_pools<Api> pools_{api_};
  };
};

}  // namespace cmm
