#pragma once

#include <cstdint>
#include <span>

#include "../core/page_moves.hpp"

namespace cmm::kv {

/// What is copied between two slots: the content of `beyond`, host memory, and of `fast`, HBM. Kernels read
/// them as they stand in a plan.
using slot_pair = page_pair;

/// The copies of one step, for a mover. No slot is in it twice, so all of it may run at once.
///
/// The spans are read while the plan is run and enqueued, and are the caller's again afterwards.
struct plan {
  std::span<const slot_pair> up{};    ///< from host memory to HBM; what HBM held is dropped
  std::span<const slot_pair> down{};  ///< from HBM to host memory; what host memory held is dropped
  std::span<const slot_pair> swap{};  ///< both ways at once
  std::uint64_t step = 0;  ///< rises from plan to plan; a mover runs each once, 0 as often as asked

  [[nodiscard]] constexpr bool empty() const noexcept { return up.empty() && down.empty() && swap.empty(); }
};

}  // namespace cmm::kv
