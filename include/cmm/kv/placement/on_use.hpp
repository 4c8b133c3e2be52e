#pragma once

#include "../placing.hpp"

namespace cmm::kv {

/// A page that becomes live comes to HBM, and one that nobody reads leaves for it. A live page stays where it
/// is.
struct on_use {
  void place(placing& step) const {
    for (const auto& entering : {step.changes().hits, step.changes().fresh}) {
      for (const std::int32_t page : entering) {
        if (step.is_entering(page)) step.bring_in(page);
      }
    }
  }
};

static_assert(placement_policy<on_use>);

}  // namespace cmm::kv
