#pragma once

#include <mutex>
#include <utility>

#include "../core/concepts.hpp"

namespace cmm {

/// Lets one thread at a time into what stands before it: for layers of your own that are not thread-safe.
struct locked {
  static constexpr const char* name = "locked";

  /// Exhaustion: passed on. Threads: any number, one at a time. Streams: passed on.
  template <allocator Upstream>
  class over {
   public:
    using settings_type = locked;

    template <class... Rest>
    explicit over(locked, Rest&&... rest) : upstream_{std::forward<Rest>(rest)...} {}

    block allocate(request r) {
      const std::scoped_lock lock{mutex_};
      return upstream_.allocate(r);
    }
    void deallocate(block b, stream s) noexcept {
      const std::scoped_lock lock{mutex_};
      upstream_.deallocate(b, s);
    }

    auto& api() noexcept { return upstream_.api(); }
    auto& upstream() noexcept { return upstream_; }
    const auto& upstream() const noexcept { return upstream_; }

   private:
    std::mutex mutex_;
    Upstream upstream_;
  };
};

}  // namespace cmm
