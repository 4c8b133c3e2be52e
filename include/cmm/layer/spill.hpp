#pragma once

#include <mutex>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "../core/accessible.hpp"
#include "../core/concepts.hpp"
#include "../core/recipe.hpp"
#include "../core/units.hpp"

namespace cmm {

/// When the fast memory of a `spill` counts as full.
struct spill_limits {
  std::size_t budget = no_limit;  ///< bytes the fast recipe may hand out
  std::size_t headroom = 0;       ///< bytes that must stay free on the device
};

namespace detail {

template <class Number>
struct budget_without_its_name {
  static_assert(sizeof(Number) == 0,
                "cmm: the budget of a spill has its name: spill{device{}, {.budget = 60_GiB}}");
};

}  // namespace detail

/// Serves blocks from a fast recipe until it is full, then from what stands before it: `managed{} |
/// prefer{location::host()} | spill{device_pool{}, {.budget = 60_GiB}}`.
template <class Fast>
struct spill {
  Fast fast;
  spill_limits limits{};

  static constexpr const char* name = "spill";
  static constexpr bool host_accessible = cmm::host_accessible<Fast>;
  static constexpr void fields(auto& self, auto&& visit) {
    visit("fast", self.fast);
    visit("budget", self.limits.budget);
    visit("headroom", self.limits.headroom);
  }

  /// Exhaustion: empty when both memories have run out. Threads: any number; one lock guards who owns a
  /// block. Streams: passed on. A block goes back to the memory it came from.
  template <allocator Upstream>
  class over {
   public:
    using settings_type = spill;

    template <class... Rest>
    explicit over(const spill& settings, Rest&&... rest)
        : limits_{settings.limits},
          upstream_{std::forward<Rest>(rest)...},
          fast_{cmm::build(settings.fast, upstream_.api())} {}

    block allocate(request r) {
      if (reserve(r)) {
        reservation held{*this, r.bytes};
        const block b = take_fast(r);
        if (b) {
          own(b, r.stream);
          held.bytes = 0;
          return b;
        }
      }
      return upstream_.allocate(r);
    }

    void deallocate(block b, stream s) noexcept {
      if (disown(b)) {
        fast_.deallocate(b, s);
      } else {
        upstream_.deallocate(b, s);
      }
    }

    /// Bytes that live in the fast memory.
    [[nodiscard]] std::size_t fast_bytes() const noexcept {
      const std::scoped_lock lock{mutex_};
      return fast_bytes_;
    }
    [[nodiscard]] std::size_t skipped_hints() const noexcept {
      return detail::skipped_hints_of(fast_) + detail::skipped_hints_of(upstream_);
    }

    /// The allocator of the fast recipe.
    auto& fast() noexcept { return fast_; }
    auto& api() noexcept { return upstream_.api(); }
    auto& upstream() noexcept { return upstream_; }
    const auto& upstream() const noexcept { return upstream_; }

   private:
    struct reservation {
      over& owner;
      std::size_t bytes;
      ~reservation() {
        if (bytes == 0) return;
        const std::scoped_lock lock{owner.mutex_};
        owner.fast_bytes_ -= bytes;
      }
    };

    bool reserve(const request& r) {
      {
        const std::scoped_lock lock{mutex_};
        if (r.bytes > limits_.budget || fast_bytes_ > limits_.budget - r.bytes) return false;
        fast_bytes_ += r.bytes;
      }
      if (limits_.headroom == 0) return true;
      reservation held{*this, r.bytes};
      const auto here = api().enter(r.device);
      detail::check(here.result(), "entering the device of a request");
      std::size_t free = 0;
      std::size_t total = 0;
      detail::check(api().memory_info(location::device(here.device()), free, total),
                    "measuring the headroom");
      if (free < limits_.headroom || free - limits_.headroom < r.bytes) return false;
      held.bytes = 0;
      return true;
    }

    /// A fast memory that cannot serve a captured stream counts as full.
    block take_fast(const request& r) {
      try {
        return fast_.allocate(r);
      } catch (const cuda_error& failed) {
        if (failed.code() != errc::capture_unsupported) throw;
        return {};
      }
    }

    void own(const block& b, stream s) {
      try {
        const std::scoped_lock lock{mutex_};
        owned_.emplace(b.data, b.bytes);
      } catch (...) {
        fast_.deallocate(b, s);
        throw;
      }
    }

    bool disown(const block& b) noexcept {
      const std::scoped_lock lock{mutex_};
      const auto found = owned_.find(b.data);
      if (found == owned_.end()) return false;
      fast_bytes_ -= found->second;
      owned_.erase(found);
      return true;
    }

    spill_limits limits_;
    mutable std::mutex mutex_;
    std::unordered_map<const void*, std::size_t> owned_;
    std::size_t fast_bytes_ = 0;
    Upstream upstream_;
    decltype(cmm::build(std::declval<const Fast&>(), std::declval<Upstream&>().api())) fast_;
  };
};
template <class Fast>
spill(Fast) -> spill<Fast>;
template <class Fast>
spill(Fast, spill_limits) -> spill<Fast>;
template <class Fast, class Number>
requires std::is_arithmetic_v<Number> spill(Fast, Number)
->spill<detail::budget_without_its_name<Number>>;

}  // namespace cmm
