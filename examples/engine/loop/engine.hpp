#pragma once

#include <cmm/kv.hpp>
#include <cmm/kv/page_places.hpp>
#include <utility>
#include <vector>

#include "../machine/backend.hpp"
#include "baseline.hpp"
#include "kv_memory.hpp"
#include "measured.hpp"
#include "request.hpp"
#include "scheduler.hpp"
#include "side_stream.hpp"

namespace engine {

/// The decode loop: what to compute, where its pages lie, what moves for it, and the work itself.
template <backend Backend, cmm::kv::placement_policy Policy>
class engine {
 public:
  engine(Backend& on, const options& how, std::span<const request> requests, Policy policy)
      : on_{on},
        layout_{cmm::kv::layout::one_place(how.model.page(how.page, Backend::element_bytes), how.slots)},
        memory_{on, layout_, how},
        mover_{on.copier(), cmm::kv::page_places::of_range(memory_.data(), how.fast(), how.slots),
               layout_.pieces()},
        cache_{layout_,
               how.fast(),
               {.tokens = how.page, .sequences = how.batch, .pages_per_sequence = how.longest()},
               std::move(policy),
               {.reserve = how.ready()}},
        side_{on},
        pages_{memory_.data(), &layout_, how.longest(), 2 * how.batch},
        baseline_{on, how, pages_, memory_.staging()},
        model_{on, how, pages_},
        table_{model_.table()},
        scheduler_{cache_, requests, how} {}

  /// Computes until every request is answered.
  void run() {
    while (step()) {
    }
    cmm::kv::counters counted = cache_.counters();
    counted.pages_up += baseline_.pages_up();
    counted.pages_down += baseline_.pages_down();
    measured_.count(counted, scheduler_.preempted());
  }

  [[nodiscard]] const std::vector<answer>& answers() const noexcept { return scheduler_.answers(); }
  [[nodiscard]] const measured& results() const noexcept { return measured_; }

 private:
  bool step() {
    const double began = on_.seconds();
    if (scheduler_.next().tokens.empty()) return false;
    side_.join();
    model_.copy(cache_.step(mover_, on_.stream()));  // pages move first, then the work that reads them
    table_.update(cache_);
    side_.begin(mover_, cache_.refill(few));
    const batch& work = scheduler_.placed(model_.table());
    scheduler_.take(model_.run(baseline_.come(work, model_.table())));
    baseline_.leave(model_.table());
    measured_.add(work, on_.seconds() - began);
    return true;
  }

  static constexpr std::int32_t few = 16;  ///< pages; fewer wait for others, for each launch costs a step

  Backend& on_;
  cmm::kv::layout layout_;
  kv_memory<Backend> memory_;
  cmm::kv::mover<std::remove_reference_t<decltype(std::declval<Backend&>().copier())>> mover_;
  cmm::kv::cache<Policy> cache_;
  side_stream<Backend> side_;
  page_memory pages_;
  baseline<Backend> baseline_;
  typename Backend::model model_;
  cmm::kv::block_table table_;
  scheduler<cmm::kv::cache<Policy>> scheduler_;
  measured measured_;
};

}  // namespace engine
