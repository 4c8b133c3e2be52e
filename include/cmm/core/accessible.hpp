#pragma once

#include <concepts>

#include "error.hpp"
#include "recipe.hpp"

namespace cmm {
namespace detail {

template <class T>
concept states_access = requires {
  { T::host_accessible } -> std::convertible_to<bool>;
};

/// One that knows only at run time, such as a recipe read from text.
template <class T>
concept tells_access = requires(const T& told) {
  { told.host_accessible() } -> std::same_as<bool>;
};

template <class T>
consteval bool host_access() {
  if constexpr (states_access<T>) {
    return T::host_accessible;
  } else if constexpr (tells_access<T>) {
    return false;
  } else if constexpr (has_on<T>) {
    return T::migratable;
  } else {
    return role_of<T>() != role::none;
  }
}

}  // namespace detail

/// Whether the host can read all that a part of a recipe, or an allocator, hands out; false where that is not
/// known while compiling.
///
/// Memory that can migrate is host accessible. A source, layer or allocator of your own may state it: `static
/// constexpr bool host_accessible = true;`.
template <class T>
inline constexpr bool host_accessible = detail::host_access<T>();
template <class... Elements>
inline constexpr bool host_accessible<recipe<Elements...>> = (host_accessible<Elements> && ...);
template <class Api, class... Elements>
inline constexpr bool host_accessible<built<Api, Elements...>> = (host_accessible<Elements> && ...);

namespace detail {

/// For a bridge that hands memory to host code.
template <class Allocator>
void need_host_access(const Allocator& memory) {
  static_assert(host_accessible<Allocator> || tells_access<Allocator>,
                "cmm: this bridge serves host code, and the recipe has memory that only a device can read; "
                "use managed, managed_pool, system or egm, or state host_accessible in a source of your own");
  if constexpr (tells_access<Allocator>) {
    if (!memory.host_accessible()) {
      throw bad_request{
          "a recipe with memory that only a device can read was given to host code; use managed, "
          "managed_pool, system or egm"};
    }
  }
}

}  // namespace detail
}  // namespace cmm
