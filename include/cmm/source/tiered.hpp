#pragma once

#include <algorithm>
#include <list>
#include <mutex>
#include <utility>

#include "../core/process.hpp"
#include "../core/say.hpp"
#include "free_after.hpp"
#include "mapped_pieces.hpp"

namespace cmm {

/// Blocks of two memories: the first `fast` bytes of each lie on its device, the rest on a host NUMA node.
///
/// One address range of mapped memory handles, which stay where they are: nothing faults and nothing
/// migrates. `beyond` is the node nearest to the device unless named; extended GPU memory is reached so, and
/// plain host memory, which is pinned. Both parts are whole multiples of the driver's granularity, 2 MiB, so
/// small blocks want a `pool` above. Host memory is made at 4-5 GB/s (measured by cmm on an H100, 2026-11);
/// `tiered_range` makes it in the background. A free waits for its stream first.
///
/// Exhaustion of either memory: an empty block, nothing kept. Threads: any. A machine without such handles
/// answers `not_supported`.
struct tiered {
  std::size_t fast = 0;
  location beyond = location::nearest_numa();

  static constexpr const char* name = "tiered";
  static constexpr bool migratable = false;
  static constexpr void fields(auto& self, auto&& visit) {
    visit("fast", self.fast);
    visit("beyond", self.beyond);
  }

  template <cmm::api Api>
  class on {
   public:
    on(Api api, tiered settings) : api_{std::move(api)}, fast_{settings.fast}, beyond_{settings.beyond} {}
    ~on() {
      if (mark_.forked()) return;
      for (auto& each : ranges_) {
        const status gone = each.give_back(api_);
        if (!gone.ok()) detail::say(std::string{gone.call} + " failed: " + describe(gone.code));
      }
    }
    on(const on&) = delete;
    on& operator=(const on&) = delete;

    status take(void*& out, const request& r) {
      std::vector<memory_area> areas{{0, 0, location::device(r.device)}, {0, 0, beyond_}};
      std::size_t granule = 1;
      for (memory_area& each : areas) {
        each.where = detail::resolve_memory(api_, each.where, r.device);
        std::size_t wanted = 1;
        const status asked = api_.granularity(each.where, wanted);
        if (!asked.ok()) return asked;
        granule = std::max(granule, wanted);
      }
      const auto whole = [&](std::size_t bytes) { return (bytes + granule - 1) / granule * granule; };
      areas[0].bytes = whole(std::min(fast_, r.bytes));
      areas[1] = {areas[0].bytes, whole(r.bytes) - areas[0].bytes, areas[1].where};
      std::erase_if(areas, [](const memory_area& each) { return each.bytes == 0; });

      std::list<range> made;
      made.emplace_back(areas, detail::mapping_settings{.devices = {location::device(r.device)}});
      range& fresh = made.front();
      status done = fresh.reserve(api_);
      while (done.ok() && !fresh.complete()) done = fresh.extend(api_);
      if (done.ok()) {
        out = fresh.data();
      } else if (fresh.give_back(api_).ok()) {
        return done;
      }
      const std::scoped_lock lock{mutex_};  // what could not be given back is given back at the end
      ranges_.splice(ranges_.end(), made);
      return done;
    }

    status give_back(block b, stream s) {
      return detail::free_after(api_, s, [&] {
        const std::scoped_lock lock{mutex_};
        const auto found = std::find_if(ranges_.begin(), ranges_.end(), [&](const range& each) {
          return static_cast<void*>(each.data()) == b.data;
        });
        if (found == ranges_.end()) return status{errc::invalid_value, "cuMemUnmap"};
        const status gone = found->give_back(api_);
        if (gone.ok()) ranges_.erase(found);
        return gone;
      });
    }
    Api& api() noexcept { return api_; }

   private:
    using range = detail::mapped_pieces<Api>;

    [[no_unique_address]] Api api_;
    std::size_t fast_;
    location beyond_;
    std::mutex mutex_;
    std::list<range> ranges_;
    detail::process_mark mark_;
  };
};

}  // namespace cmm
