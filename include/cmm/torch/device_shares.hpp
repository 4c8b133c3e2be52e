#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "../core/concepts.hpp"
#include "../core/units.hpp"

namespace cmm::torch {

/// What each device may take of the memory below, beside a `limit` over all devices; without end unless set.
struct device_shares {
  static constexpr const char* name = "device_shares";
  static constexpr void fields(auto&, auto&&) {}

  /// Exhaustion: an empty block when the device's share or the upstream has run out; what was counted goes
  /// back when the upstream gave none or threw. Threads: any number, without a lock. Streams: passed on.
  template <allocator Upstream>
  class over {
   public:
    using settings_type = device_shares;

    template <class... Rest>
    explicit over(device_shares, Rest&&... rest) : upstream_{std::forward<Rest>(rest)...} {}

    block allocate(request r) {
      if (!known(r.device)) return upstream_.allocate(r);
      reservation held{of(r.device), r.bytes};
      if (!held.fits()) return {};
      const block b = upstream_.allocate(r);
      if (b) held.bytes = 0;
      return b;
    }
    void deallocate(block b, stream s) noexcept {
      upstream_.deallocate(b, s);
      if (b && known(b.device)) of(b.device).used.fetch_sub(b.bytes, std::memory_order_relaxed);
    }

    /// Another share from now on. Blocks that exceed it stay; nothing is handed out until they are back.
    void set(int device, std::size_t bytes) noexcept {
      if (known(device)) of(device).most.store(bytes, std::memory_order_relaxed);
    }
    [[nodiscard]] std::size_t budget(int device) const noexcept {
      return known(device) ? shares_[static_cast<std::size_t>(device)].most.load(std::memory_order_relaxed)
                           : no_limit;
    }
    [[nodiscard]] std::size_t used(int device) const noexcept {
      return known(device) ? shares_[static_cast<std::size_t>(device)].used.load(std::memory_order_relaxed)
                           : 0;
    }

    auto& api() noexcept { return upstream_.api(); }
    auto& upstream() noexcept { return upstream_; }
    const auto& upstream() const noexcept { return upstream_; }

   private:
    static constexpr int devices = 64;

    struct share {
      std::atomic<std::size_t> used = 0;
      std::atomic<std::size_t> most = no_limit;
    };

    /// Bytes that go back to the share unless they are claimed.
    struct reservation {
      reservation(share& from, std::size_t wanted) noexcept
          : owner{from}, bytes{wanted}, before{from.used.fetch_add(wanted, std::memory_order_relaxed)} {}
      ~reservation() { owner.used.fetch_sub(bytes, std::memory_order_relaxed); }
      reservation(const reservation&) = delete;
      reservation& operator=(const reservation&) = delete;

      [[nodiscard]] bool fits() const noexcept {
        const std::size_t most = owner.most.load(std::memory_order_relaxed);
        return before <= most && bytes <= most - before;
      }

      share& owner;
      std::size_t bytes;
      std::size_t before;
    };

    static constexpr bool known(int device) noexcept { return device >= 0 && device < devices; }
    share& of(int device) noexcept { return shares_[static_cast<std::size_t>(device)]; }

    std::array<share, devices> shares_{};
    Upstream upstream_;
  };
};

}  // namespace cmm::torch
