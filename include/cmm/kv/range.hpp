#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../source/managed.hpp"
#include "layout.hpp"
#include "range_memory.hpp"
#include "staging.hpp"

namespace cmm::kv {

/// Where the pages of a range lie and how it is made.
struct range_plan {
  std::int32_t fast = 0;                       ///< slots `[0, fast)` lie in HBM
  location beyond = location::nearest_numa();  ///< the others lie here
  range_settings how{};
  bool mapped = true;     ///< by memory handles where the machine has them; otherwise by the recipe at once
  kv::staging staging{};  ///< needs memory handles; without them nothing is staged
};

/// Memory for the slots of a layout: one address range whose first `fast` slots lie in HBM, the others on a
/// host NUMA node.
///
/// It is made of memory handles: pinned, never migrated, never evicted, the copy engine at full speed. Where
/// the machine has none for host memory, a recipe serves it instead, which is said once: managed memory
/// unless another one is given, whose areas then prefer their memory. With `how.background` a thread makes
/// the host part; `wait_for_slots` waits for it.
///
/// Throws `range_full` naming the memory that ran out and how many slots would fit, `bad_request` for numbers
/// that cannot be. Threads, fork, end: as `tiered_range`; end it when no work uses it and no stream is being
/// captured.
template <api Api>
class range {
 public:
  range(Api api, kv::layout of, range_plan plan)
      : range{std::move(api), std::move(of), std::move(plan), managed{}} {}

  template <class Recipe>
  range(Api api, kv::layout of, range_plan plan, const Recipe& otherwise)
      : layout_{std::move(of)}, fast_{plan.fast} {
    const auto here = api.enter(plan.how.device);
    cmm::detail::check_entered(here.result(), plan.how.device, "a KV range");
    plan.how.device = here.device();
    const location near = location::device(here.device());
    const location far = cmm::detail::resolve_memory(api, plan.beyond, here.device());
    const bool mapped = plan.mapped && has_handles(api, near, far, plan.fast < layout_.slots());
    std::vector<memory_area> areas;
    const std::size_t grain = granule(api, near, far, mapped);
    for (const area& each : layout_.areas(plan.fast, grain)) {
      areas.push_back({each.offset, each.bytes, each.fast ? near : far});
    }
    if (plan.staging.bytes != 0) detail::check_staging(plan.staging, layout_, plan.fast, grain);
    if (plan.staging.bytes != 0 && mapped) {
      areas = detail::with_windows(areas, layout_, plan.staging, near, grain);
      staged_ = detail::staged_in(layout_, plan.staging, grain);
    }
    explained([&] {
      if (mapped) {
        memory_ = std::make_unique<detail::mapped_memory<Api>>(std::move(api), std::move(areas), plan.how);
      } else {
        memory_ =
            std::make_unique<detail::recipe_memory<Api, Recipe>>(std::move(api), otherwise, areas, plan.how);
        if (plan.mapped) say_instead();
      }
    });
  }

  /// The first byte of slot 0; null when a failed wait has given everything back.
  [[nodiscard]] std::byte* data() const noexcept { return memory_->data(); }
  /// Of whole granules; at least `layout().bytes()`.
  [[nodiscard]] std::size_t bytes() const noexcept { return memory_->bytes(); }
  [[nodiscard]] const kv::layout& layout() const noexcept { return layout_; }
  [[nodiscard]] std::int32_t slots() const noexcept { return layout_.slots(); }
  [[nodiscard]] std::int32_t fast() const noexcept { return fast_; }
  /// The slots in windows; none without staging.
  [[nodiscard]] staged_slots staged() const noexcept { return staged_; }

  /// How many bytes from the first one on may be used.
  [[nodiscard]] std::size_t ready() const noexcept { return memory_->ready(); }
  /// How many slots from 0 on may be used.
  [[nodiscard]] std::int32_t ready_slots() const noexcept { return slots_within(ready()); }
  void wait() { wait_for_bytes(bytes()); }
  /// Returns when slots `[0, count)` may be used; throws when they cannot be had.
  void wait_for_slots(std::int32_t count) {
    if (count < 0 || count > slots()) {
      throw bad_request{"a KV range of " + std::to_string(slots()) + " slots was waited for until " +
                        std::to_string(count) + " of them are ready; wait for no more than it has"};
    }
    wait_for_bytes(end_of_slots(count));
  }

  /// Descriptors of its parts for other processes; as `tiered_range::share`.
  [[nodiscard]] std::vector<shared_memory> share() { return memory_->share(); }
  [[nodiscard]] std::size_t skipped_hints() const noexcept { return memory_->skipped_hints(); }
  /// What it lies in: "mapped memory", or the recipe.
  [[nodiscard]] std::string text() const { return memory_->text(); }

 private:
  static bool has_handles(Api& api, location near, location far, bool uses_host) {
    int offered = 0;
    const auto ask = [&](attribute what) {
      cmm::detail::check(api.attribute(near.id, what, offered), "asking for the memory of a KV range");
      return offered != 0;
    };
    return ask(attribute::mapped_memory) &&
           (!uses_host || far.what == location::kind::device || ask(attribute::mapped_host_memory));
  }

  static std::size_t granule(Api& api, location near, location far, bool mapped) {
    std::size_t bytes = std::size_t{2} << 20;
    for (const location each : {near, far}) {
      std::size_t wanted = 0;
      if (!mapped) continue;
      cmm::detail::check_granularity(api.granularity(each, wanted), each);
      bytes = wanted > bytes ? wanted : bytes;
    }
    return bytes;
  }

  void say_instead() const {
    cmm::detail::say("this machine has no memory handles on a host NUMA node, " +
                     std::string{"so the KV range lies in "} + memory_->text() +
                     "; its pages stay as that recipe keeps them");
  }

  void wait_for_bytes(std::size_t bytes) {
    explained([&] { memory_->wait_for(bytes); });
  }

  /// Tells how many slots would fit, too, where a memory ran out.
  void explained(auto&& make) const {
    try {
      make();
    } catch (const range_full& full) {
      if (full.where() == location::none()) throw;
      const bool hbm = full.where().what == location::kind::device;
      const std::int32_t fits = hbm ? fast_within(full.fits()) : slots_beyond(full.fits());
      const std::string slots = std::to_string(fits) + " of the " +
                                std::to_string(hbm ? fast_ : layout_.slots() - fast_) + " slots ";
      throw range_full{{full.code(), full.call()},
                       full.doing() + ", which is " + slots + (hbm ? "in HBM" : "beyond it"),
                       full.where(),
                       full.fits()};
    }
  }
  [[nodiscard]] std::int32_t fast_within(std::size_t bytes) const {
    return std::min(layout_.fast_within(bytes), fast_);
  }
  [[nodiscard]] std::int32_t slots_beyond(std::size_t bytes) const {
    const auto rest = static_cast<std::size_t>(layout_.slots() - fast_);
    const std::size_t fit = bytes / layout_.page_bytes();
    return static_cast<std::int32_t>(fit < rest ? fit : rest);
  }

  [[nodiscard]] std::size_t end_of_slots(std::int32_t count) const noexcept {
    std::size_t end = 0;
    for (const piece& each : layout_.pieces()) {
      if (count == 0) break;
      const std::size_t last = each.offset + static_cast<std::size_t>(count - 1) * each.stride + each.bytes;
      end = last > end ? last : end;
    }
    return end;
  }
  [[nodiscard]] std::int32_t slots_within(std::size_t bytes) const noexcept {
    std::int32_t fit = 0;
    for (std::int32_t most = slots(); fit < most;) {
      const std::int32_t middle = fit + (most - fit + 1) / 2;
      if (end_of_slots(middle) <= bytes) {
        fit = middle;
      } else {
        most = middle - 1;
      }
    }
    return fit;
  }

  kv::layout layout_;
  std::int32_t fast_;
  staged_slots staged_{};
  std::unique_ptr<detail::range_memory> memory_;
};

}  // namespace cmm::kv
