#pragma once

#include <array>
#include <atomic>
#include <utility>

#include "../core/built.hpp"
#include "../core/concepts.hpp"
#include "ledger.hpp"

namespace cmm {

/// What passed a `stats` layer for one device, or for all.
struct usage {
  std::size_t live_bytes = 0;
  std::size_t peak_bytes = 0;
  std::size_t total_bytes = 0;  ///< handed out so far
  std::size_t live_blocks = 0;
  std::size_t peak_blocks = 0;
  std::size_t allocations = 0;    ///< blocks handed out
  std::size_t failed = 0;         ///< requests that got an empty block or an exception
  std::size_t skipped_hints = 0;  ///< over all devices: hints this machine or a capture could not take
};

/// Counts what passes: live and peak bytes, blocks, failures, skipped hints, for each device.
struct stats {
  static constexpr const char* name = "stats";

  /// Exhaustion: counted and passed on. Threads: any number, without a lock. Streams: passed on. A block that
  /// is freed with another size or device than it was taken with ends a debug build; in a release build the
  /// counts are off by it from then on, as nothing is remembered of a block.
  template <allocator Upstream, bool Checks = checks_blocks>
  class counted {
   public:
    using settings_type = stats;

    /// Devices counted apart; those beyond share the last place.
    static constexpr int devices = 16;

    template <class... Rest>
    explicit counted(stats, Rest&&... rest) : upstream_{std::forward<Rest>(rest)...} {}

    block allocate(request r) {
      try {
        const block b = upstream_.allocate(r);
        if (!b) {
          of(r.device).failed.fetch_add(1, std::memory_order_relaxed);
          return b;
        }
        remember(b, r.stream);
        of(b.device).handed_out(b.bytes);
        total_.took(b.bytes);
        return b;
      } catch (...) {
        of(r.device).failed.fetch_add(1, std::memory_order_relaxed);
        throw;
      }
    }

    void deallocate(block b, stream s) noexcept {
      ledger_.remove(b);
      upstream_.deallocate(b, s);
      of(b.device).gave(b.bytes);
      total_.gave(b.bytes);
    }

    /// What passed for one device; a request for `current_device` that failed counts for the first.
    [[nodiscard]] usage on(int device) const noexcept {
      const counters& from = counters_[slot(device)];
      usage seen = read(from);
      count(from, seen);
      return seen;
    }

    /// What passed for all devices; the peak is that of their sum.
    [[nodiscard]] usage all() const noexcept {
      usage seen = read(total_);
      for (const counters& device : counters_) count(device, seen);
      return seen;
    }

    /// Starts the peaks anew from what is live now.
    void reset_peaks() noexcept {
      for (auto& device : counters_) device.reset_peaks();
      total_.reset_peaks();
    }

    auto& api() noexcept { return upstream_.api(); }
    auto& upstream() noexcept { return upstream_; }
    const auto& upstream() const noexcept { return upstream_; }

   private:
    struct alignas(64) in_use {
      std::atomic<std::size_t> live_bytes = 0, peak_bytes = 0, live_blocks = 0, peak_blocks = 0;

      void took(std::size_t bytes) noexcept {
        raise(peak_bytes, live_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes);
        raise(peak_blocks, live_blocks.fetch_add(1, std::memory_order_relaxed) + 1);
      }
      void gave(std::size_t bytes) noexcept {
        live_bytes.fetch_sub(bytes, std::memory_order_relaxed);
        live_blocks.fetch_sub(1, std::memory_order_relaxed);
      }
      void reset_peaks() noexcept {
        peak_bytes = live_bytes.load();
        peak_blocks = live_blocks.load();
      }

     private:
      static void raise(std::atomic<std::size_t>& peak, std::size_t value) noexcept {
        std::size_t seen = peak.load(std::memory_order_relaxed);
        while (seen < value && !peak.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
        }
      }
    };

    /// Of one device; what is handed out and what failed is summed over all of them when asked for.
    struct counters : in_use {
      std::atomic<std::size_t> total_bytes = 0, allocations = 0, failed = 0;

      void handed_out(std::size_t bytes) noexcept {
        this->took(bytes);
        total_bytes.fetch_add(bytes, std::memory_order_relaxed);
        allocations.fetch_add(1, std::memory_order_relaxed);
      }
    };

    static constexpr std::size_t slot(int device) noexcept {
      if (device < 0) return 0;
      return static_cast<std::size_t>(device < devices ? device : devices - 1);
    }
    counters& of(int device) noexcept { return counters_[slot(device)]; }

    usage read(const in_use& from) const noexcept {
      return {.live_bytes = from.live_bytes,
              .peak_bytes = from.peak_bytes,
              .live_blocks = from.live_blocks,
              .peak_blocks = from.peak_blocks,
              .skipped_hints = detail::skipped_hints_of(upstream_)};
    }
    static void count(const counters& device, usage& into) noexcept {
      into.total_bytes += device.total_bytes.load(std::memory_order_relaxed);
      into.allocations += device.allocations.load(std::memory_order_relaxed);
      into.failed += device.failed.load(std::memory_order_relaxed);
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

    std::array<counters, devices> counters_{};
    in_use total_{};
    [[no_unique_address]] detail::ledger<Checks> ledger_;
    Upstream upstream_;
  };

  template <allocator Upstream>
  using over = counted<Upstream>;
};

}  // namespace cmm
