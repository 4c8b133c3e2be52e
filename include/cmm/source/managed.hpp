#pragma once

#include <utility>

#include "free_after.hpp"

namespace cmm {

/// Managed memory of `cudaMallocManaged`: pages live where policies, faults and prefetches put them.
///
/// A free waits for its stream first.
struct managed {
  static constexpr const char* name = "managed";
  static constexpr bool migratable = true;

  template <cmm::api Api>
  class on {
   public:
    on(Api api, managed) : api_{std::move(api)} {}

    status take(void*& out, const request& r) { return api_.allocate_managed(out, r.bytes); }
    status give_back(block b, stream s) {
      return detail::free_after(api_, s, [&] { return api_.free(b.data); });
    }
    Api& api() noexcept { return api_; }

   private:
    [[no_unique_address]] Api api_;
  };
};

}  // namespace cmm
