#pragma once

#include <utility>

#include "../placing.hpp"

namespace cmm::kv {

/// Two policies, of which the first decides first: `pinned{.most = 1000} | on_use{}`.
template <placement_policy First, placement_policy Second>
struct both {
  First first;
  Second second;

  void prepare(std::int32_t pages, std::int32_t fast) {
    if constexpr (requires { first.prepare(pages, fast); }) first.prepare(pages, fast);
    if constexpr (requires { second.prepare(pages, fast); }) second.prepare(pages, fast);
  }
  void place(placing& step) {
    first.place(step);
    second.place(step);
  }
};

template <placement_policy First, placement_policy Second>
both<First, Second> operator|(First first, Second second) {
  return {std::move(first), std::move(second)};
}

}  // namespace cmm::kv
