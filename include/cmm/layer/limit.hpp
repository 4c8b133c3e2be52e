#pragma once

#include <atomic>
#include <utility>

#include "../core/concepts.hpp"
#include "../core/units.hpp"
#include "ledger.hpp"

namespace cmm {

/// A budget in bytes for all blocks that pass, over all devices.
struct limit {
  std::size_t bytes = no_limit;

  static constexpr const char* name = "limit";
  static constexpr void fields(auto& self, auto&& visit) { visit("bytes", self.bytes); }

  /// Exhaustion: an empty block when the budget or the upstream has run out; the budget is restored when the
  /// upstream gave none or threw. Threads: any number, without a lock. Streams: passed on.
  template <allocator Upstream, bool Checks = checks_blocks>
  class counted {
   public:
    using settings_type = limit;

    template <class... Rest>
    explicit counted(limit settings, Rest&&... rest)
        : budget_{settings.bytes}, upstream_{std::forward<Rest>(rest)...} {}

    [[gnu::always_inline]] block allocate(request r) {
      if (!reserve(r.bytes)) [[unlikely]]
        return {};
      reservation held{*this, r.bytes};
      const block b = upstream_.allocate(r);
      if (!b) [[unlikely]]
        return b;
      remember(b, r.stream);
      held.bytes = 0;
      return b;
    }

    [[gnu::always_inline]] void deallocate(block b, stream s) noexcept {
      ledger_.remove(b);
      upstream_.deallocate(b, s);
      used_.fetch_sub(b.bytes, std::memory_order_relaxed);
    }

    [[nodiscard]] std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t budget() const noexcept { return budget_.load(std::memory_order_relaxed); }
    /// Another budget from now on. Blocks that exceed it stay; nothing is handed out until they are back.
    void set_budget(std::size_t bytes) noexcept { budget_.store(bytes, std::memory_order_relaxed); }

    auto& api() noexcept { return upstream_.api(); }
    auto& upstream() noexcept { return upstream_; }
    const auto& upstream() const noexcept { return upstream_; }

   private:
    /// Bytes that go back to the budget unless they are claimed.
    struct reservation {
      counted& owner;
      std::size_t bytes;
      ~reservation() {
        if (bytes != 0) [[unlikely]]
          owner.used_.fetch_sub(bytes, std::memory_order_relaxed);
      }
    };

    bool reserve(std::size_t wanted) noexcept {
      std::size_t used = used_.load(std::memory_order_relaxed);
      const std::size_t most = budget();
      do {
        if (used > most || wanted > most - used) return false;
      } while (!used_.compare_exchange_weak(used, used + wanted, std::memory_order_relaxed));
      return true;
    }

    void remember(const block& b, stream s) {
      if constexpr (Checks) {
        try {
          ledger_.add(b);
        } catch (...) {
          upstream_.deallocate(b, s);
          throw;
        }
      }
    }

    std::atomic<std::size_t> budget_;
    std::atomic<std::size_t> used_ = 0;
    [[no_unique_address]] detail::ledger<Checks> ledger_;
    Upstream upstream_;
  };

  template <allocator Upstream>
  using over = counted<Upstream>;
};

}  // namespace cmm
