#pragma once

#include <utility>

#include "../core/api.hpp"

namespace cmm {

/// No memory at all: every request finds it exhausted. For tests, and as the far side of a `spill`.
struct null {
  static constexpr const char* name = "null";
  static constexpr bool migratable = true;

  template <cmm::api Api>
  class on {
   public:
    on(Api api, null) : api_{std::move(api)} {}

    status take(void*& out, const request&) {
      out = nullptr;
      return {errc::out_of_memory, "null"};
    }
    status give_back(block, stream) { return {}; }
    Api& api() noexcept { return api_; }

   private:
    [[no_unique_address]] Api api_;
  };
};

}  // namespace cmm
