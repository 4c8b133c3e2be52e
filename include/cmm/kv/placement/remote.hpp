#pragma once

#include "../placing.hpp"

namespace cmm::kv {

/// A page that becomes live is sent out of HBM, as long as pages beyond are dead: what is read is read there.
struct remote {
  void place(placing& step) const {
    for (const auto& entering : {step.changes().hits, step.changes().fresh}) {
      for (const std::int32_t page : entering) {
        if (step.is_entering(page)) step.put_out(page);
      }
    }
  }
};

static_assert(placement_policy<remote>);

}  // namespace cmm::kv
