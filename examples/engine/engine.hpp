#pragma once

#include <cmm/kv.hpp>
#include <cmm/kv/page_places.hpp>
#include <utility>
#include <vector>

#include "backend.hpp"
#include "measured.hpp"
#include "request.hpp"
#include "scheduler.hpp"

namespace engine {

/// The decode loop: what to compute, where its pages lie, what moves for it, and the work itself.
template <backend Backend, cmm::kv::placement_policy Policy>
class engine {
 public:
  engine(Backend& on, const options& how, std::span<const request> requests, Policy policy)
      : on_{on},
        layout_{cmm::kv::layout::one_place(how.model.page(how.page, Backend::element_bytes), how.slots)},
        range_{on.api(), layout_, {.fast = how.fast()}},
        mover_{on.copier(), cmm::kv::page_places::of_range(range_.data(), how.fast(), how.slots),
               layout_.pieces()},
        cache_{layout_,
               how.fast(),
               {.tokens = how.page, .sequences = how.batch, .pages_per_sequence = how.longest()},
               std::move(policy)},
        model_{on, how, {range_.data(), &layout_, how.longest(), 2 * how.batch}},
        table_{model_.table()},
        scheduler_{cache_, requests, how} {}

  /// Computes until every request is answered.
  void run() {
    while (step()) {
    }
    measured_.count(cache_.counters(), scheduler_.preempted());
  }

  [[nodiscard]] const std::vector<answer>& answers() const noexcept { return scheduler_.answers(); }
  [[nodiscard]] const measured& results() const noexcept { return measured_; }

 private:
  bool step() {
    const double began = on_.seconds();
    if (scheduler_.next().tokens.empty()) return false;
    model_.copy(cache_.step(mover_, on_.stream()));  // pages move first, then the work that reads them
    table_.update(cache_);
    const batch& work = scheduler_.placed(model_.table());
    scheduler_.take(model_.run(work));
    measured_.add(work, on_.seconds() - began);
    return true;
  }

  Backend& on_;
  cmm::kv::layout layout_;
  cmm::kv::range<decltype(std::declval<Backend&>().api())> range_;
  cmm::kv::mover<std::remove_reference_t<decltype(std::declval<Backend&>().copier())>> mover_;
  cmm::kv::cache<Policy> cache_;
  typename Backend::model model_;
  cmm::kv::block_table table_;
  scheduler<cmm::kv::cache<Policy>> scheduler_;
  measured measured_;
};

}  // namespace engine
