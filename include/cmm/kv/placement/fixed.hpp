#pragma once

#include "../placing.hpp"

namespace cmm::kv {

/// Every page stays in the slot of its own number.
struct fixed {
  void place(placing&) const noexcept {}
};

static_assert(placement_policy<fixed>);

}  // namespace cmm::kv
