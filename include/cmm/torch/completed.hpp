#pragma once

#include <algorithm>
#include <concepts>
#include <iterator>
#include <tuple>
#include <utility>

#include "../cmm.hpp"
#include "device_shares.hpp"

namespace cmm::torch {

/// The policy `strict`, to be switched on when the program starts.
struct strict_on_demand {
  bool makes_strict = false;

  void place(auto&, block, stream) const {}
};

namespace detail {

template <class Element>
inline constexpr bool is_spill = false;
template <class Fast>
inline constexpr bool is_spill<spill<Fast>> = true;

template <class Wanted, class... Elements>
inline constexpr bool has_part = (std::same_as<Wanted, Elements> || ...);

/// A tuple with one more element, before the one at `At`.
template <std::size_t At, class... Elements, class Extra>
constexpr auto inserted(const std::tuple<Elements...>& into, const Extra& extra) {
  return [&]<std::size_t... Before, std::size_t... After>(std::index_sequence<Before...>,
                                                          std::index_sequence<After...>) {
    return std::tuple{std::get<Before>(into)..., extra, std::get<At + After>(into)...};
  }
  (std::make_index_sequence<At>{}, std::make_index_sequence<sizeof...(Elements) - At>{});
}

/// How many parts stand up to and with the last one for which a value is true.
template <bool... Holds>
inline constexpr std::size_t up_to_last = [] {
  std::size_t count = 0;
  std::size_t last = 0;
  ((++count, last = Holds ? count : last), ...);
  return last;
}();

template <class... Elements>
constexpr auto with_strict(const std::tuple<Elements...>& parts) {
  using cmm::detail::role;
  constexpr std::size_t last_policy = up_to_last<(cmm::detail::role_of<Elements>() != role::layer)...>;
  if constexpr (has_part<strict, Elements...>) {
    return parts;
  } else {
    return inserted<last_policy>(parts, strict_on_demand{});
  }
}

/// Where a budget counts all memory of a recipe: behind its last `spill`, else what the source hands out.
template <class... Elements>
inline constexpr std::size_t behind_all_memory =
    std::max(up_to_last<(cmm::detail::role_of<Elements>() != cmm::detail::role::layer)...>,
             up_to_last<is_spill<Elements>...>);

template <class... Elements>
constexpr auto with_shares(const std::tuple<Elements...>& parts) {
  return inserted<behind_all_memory<Elements...>>(parts, device_shares{});
}

template <class... Elements>
constexpr auto with_limit(const std::tuple<Elements...>& parts) {
  if constexpr (has_part<limit, Elements...>) {
    return parts;
  } else {
    return inserted<behind_all_memory<Elements...>>(parts, limit{});
  }
}

/// Streams are recorded below the statistics, so that a freed tensor counts as freed at once.
template <class... Elements>
constexpr auto with_records(const std::tuple<Elements...>& parts) {
  using last = std::tuple_element_t<sizeof...(Elements) - 1, std::tuple<Elements...>>;
  if constexpr (!std::same_as<last, stats>) {
    return with_records(inserted<sizeof...(Elements)>(parts, stats{}));
  } else if constexpr (!has_part<record_streams, Elements...>) {
    return inserted<sizeof...(Elements) - 1>(parts, record_streams{});
  } else {
    return parts;
  }
}

template <class... Elements>
constexpr recipe<Elements...> recipe_of(std::tuple<Elements...> parts) {
  return {std::move(parts)};
}

}  // namespace detail

/// A recipe with what PyTorch and the environment ask of it: strictness and budgets that can be set when the
/// program runs, recorded streams, and statistics as the outermost layer. What it has already stays.
template <class Recipe>
constexpr auto completed(const Recipe& recipe) {
  return detail::recipe_of(detail::with_records(
      detail::with_limit(detail::with_shares(detail::with_strict(cmm::detail::parts_of(recipe))))));
}

}  // namespace cmm::torch
