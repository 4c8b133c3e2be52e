#pragma once

#include <utility>

#include "../core/resolve.hpp"
#include "driver_pools.hpp"

namespace cmm {

/// Managed memory from the driver's stream-ordered pool (CUDA 13), which keeps what is freed.
///
/// `at` is the preferred location of its pages: the block's device unless said otherwise, the host, a NUMA
/// node, or none.
struct managed_pool {
  location at = location::device();

  static constexpr const char* name = "managed_pool";
  static constexpr bool migratable = true;
  static constexpr void fields(auto& self, auto&& visit) { visit("at", self.at); }

  template <cmm::api Api>
  class on {
   public:
    on(Api api, managed_pool settings) : api_{std::move(api)}, at_{settings.at} {}

    status take(void*& out, const request& r) {
      return pools_.take(out, r, {pool_properties::kind::managed, resolve(api_, at_, r.device)}, false);
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
