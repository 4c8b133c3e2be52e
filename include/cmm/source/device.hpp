#pragma once

#include <utility>

#include "free_after.hpp"

namespace cmm {

/// Memory of one GPU from `cudaMalloc`. A free waits for its stream first.
struct device {
  static constexpr const char* name = "device";
  static constexpr bool migratable = false;

  template <cmm::api Api>
  class on {
   public:
    on(Api api, device) : api_{std::move(api)} {}

    status take(void*& out, const request& r) { return api_.allocate_device(out, r.bytes); }
    status give_back(block b, stream s) {
      return detail::free_after(api_, s, [&] { return api_.free(b.data); });
    }
    Api& api() noexcept { return api_; }

   private:
    [[no_unique_address]] Api api_;
  };
};

}  // namespace cmm
