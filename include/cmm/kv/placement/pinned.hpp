#pragma once

#include "../placing.hpp"

namespace cmm::kv {

/// Shared prefixes stay in HBM: a page that several sequences have read never leaves it again, until its
/// content is dead. At most `most` pages, so that others find room too.
struct pinned {
  std::int32_t most = 0;

  void place(placing& step) const {
    for (const std::int32_t page : step.changes().hits) {
      if (step.pinned() >= most) return;
      if (!step.is_shared(page) || step.is_pinned(page)) continue;
      if (step.is_entering(page)) step.bring_in(page);
      step.pin(page);
    }
  }
};

static_assert(placement_policy<pinned>);

}  // namespace cmm::kv
