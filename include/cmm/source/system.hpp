#pragma once

#include <utility>

#include "free_after.hpp"

namespace cmm {

/// Pageable memory of the operating system, for machines whose GPU reads it (GH200, GB200, GB10, HMM).
///
/// On another machine a request fails with `not_supported`. A free waits for its stream first.
struct system {
  static constexpr const char* name = "system";
  static constexpr bool migratable = true;

  template <cmm::api Api>
  class on {
   public:
    on(Api api, system) : api_{std::move(api)} {}

    status take(void*& out, const request& r) {
      int readable = 0;
      const status asked = api_.attribute(r.device, attribute::pageable_memory_access, readable);
      if (!asked.ok()) return asked;
      if (readable == 0) return {errc::not_supported, "reading system memory from the GPU"};
      return api_.allocate_system(out, r.bytes);
    }
    status give_back(block b, stream s) {
      return detail::free_after(api_, s, [&] { return api_.free_system(b.data, b.bytes); });
    }
    Api& api() noexcept { return api_; }

   private:
    [[no_unique_address]] Api api_;
  };
};

}  // namespace cmm
