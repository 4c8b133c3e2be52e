#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
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
  /// upstream gave none or threw. Threads: any number, without a lock. Streams: passed on. A block freed with
  /// another size than it was taken with ends a debug build; in a release build what is used is off by it.
  template <allocator Upstream, bool Checks = checks_blocks>
  class counted {
   public:
    using settings_type = limit;

    template <class... Rest>
    explicit counted(limit settings, Rest&&... rest)
        : budget_{clamped(settings.bytes)}, upstream_{std::forward<Rest>(rest)...} {}

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
      used_.fetch_sub(amount(b.bytes), std::memory_order_relaxed);
    }

    /// Exact, also while the budget changes.
    [[nodiscard]] std::size_t used() const noexcept {
      return static_cast<std::size_t>(used_.load(std::memory_order_relaxed));
    }
    [[nodiscard]] std::size_t budget() const noexcept {
      const std::int64_t now = budget_.load(std::memory_order_relaxed);
      return now == most ? no_limit : static_cast<std::size_t>(now);
    }
    /// Another budget from now on. Blocks that exceed it stay; nothing is handed out until they are back.
    void set_budget(std::size_t wanted) noexcept {
      budget_.store(clamped(wanted), std::memory_order_relaxed);
    }

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
          owner.used_.fetch_sub(amount(bytes), std::memory_order_relaxed);
      }
    };

    static constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

    static constexpr std::int64_t amount(std::size_t bytes) noexcept {
      return static_cast<std::int64_t>(bytes);
    }
    static constexpr std::int64_t clamped(std::size_t bytes) noexcept {
      return bytes < static_cast<std::size_t>(most) ? amount(bytes) : most;
    }

    bool reserve(std::size_t wanted) noexcept {
      if (wanted > static_cast<std::size_t>(most)) [[unlikely]]
        return false;
      std::int64_t used = used_.load(std::memory_order_relaxed);
      do {
        // Negative while blocks exceed a budget set later.
        if (amount(wanted) > budget_.load(std::memory_order_relaxed) - used) return false;
      } while (!used_.compare_exchange_weak(used, used + amount(wanted), std::memory_order_relaxed));
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

    std::atomic<std::int64_t> budget_;
    std::atomic<std::int64_t> used_ = 0;
    [[no_unique_address]] detail::ledger<Checks> ledger_;
    Upstream upstream_;
  };

  template <allocator Upstream>
  using over = counted<Upstream>;
};

}  // namespace cmm
