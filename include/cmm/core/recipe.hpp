#pragma once

#include <string>
#include <tuple>
#include <utility>

#include "built.hpp"
#include "concepts.hpp"
#include "fields.hpp"
#include "placed.hpp"

namespace cmm {

template <class... Elements>
struct recipe;

namespace detail {

enum class role : unsigned char { none, source, policy, layer };

/// What part an element plays in a recipe, read off its members.
template <class T>
consteval role role_of() {
  if constexpr (has_on<T>) {
    return role::source;
  } else if constexpr (has_over<T>) {
    return role::layer;
  } else if constexpr (policy<T>) {
    return role::policy;
  } else {
    return role::none;
  }
}

template <role Wanted, class... Elements>
inline constexpr std::size_t count_of = (std::size_t{role_of<Elements>() == Wanted} + ... + 0);

template <class T>
inline constexpr bool is_recipe = false;
template <class... Elements>
inline constexpr bool is_recipe<recipe<Elements...>> = true;

/// Whether `|` may join this type; a wrong partner of such a type gets a message instead of "no match".
template <class T>
concept part = is_recipe<T> || role_of<T>()
!= role::none;

template <class T>
concept stays_put = has_on<T> && !T::migratable;

template <class... Elements>
consteval bool in_order() {
  constexpr role roles[] = {role_of<Elements>()...};
  for (std::size_t i = 1; i < sizeof...(Elements); ++i) {
    if (roles[i] == role::policy && roles[i - 1] == role::layer) return false;
  }
  return true;
}

template <class... Elements>
consteval bool source_is_first() {
  constexpr role roles[] = {role_of<Elements>()...};
  for (std::size_t i = 1; i < sizeof...(Elements); ++i) {
    if (roles[i] == role::source) return false;
  }
  return true;
}

/// Every rule of a recipe that holds before it is complete, each with the sentence the user reads.
template <class... Elements>
consteval bool sound() {
  constexpr bool known = ((role_of<Elements>() != role::none) && ...);
  constexpr bool one_source = count_of<role::source, Elements...> <= 1;
  static_assert(known,
                "cmm: a part of this recipe is no source, policy or layer; a policy needs place(at, block, "
                "stream) const, a layer a class template over<Upstream>, a source a class template on<Api>");
  if constexpr (known) {
    static_assert(
        one_source,
        "cmm: a recipe has one source, and this one has two; for a second memory use the layer spill");
    if constexpr (one_source) {
      static_assert(source_is_first<Elements...>(),
                    "cmm: the source comes first; write source | policies | layers");
    }
    static_assert(
        in_order<Elements...>(),
        "cmm: a policy stands after a layer; policies place what the source hands out, so write them "
        "before the first layer");
    static_assert(
        !(stays_put<Elements> || ...) || !(gives_hints<Elements> || ...),
        "cmm: advice and prefetch need memory that can migrate; use managed, managed_pool or system as "
        "the source");
    static_assert(((role_of<Elements>() != role::layer || layer<Elements>)&&...),
                  "cmm: a layer's over<Upstream> is no allocator; it needs block allocate(request) and void "
                  "deallocate(block, stream) noexcept");
    static_assert(((!layer<Elements> || tells_api<Elements>)&&...),
                  "cmm: a layer's over<Upstream> tells the api of what is below it; it needs auto& api() "
                  "noexcept { return "
                  "upstream_.api(); }");
    static_assert(
        ((!layer<Elements> || takes_rest<Elements>)&&...),
        "cmm: a layer's over<Upstream> is made of its settings and what its upstream is made of; it "
        "needs template <class... Rest> over(settings, Rest&&... rest), which gives rest on");
    static_assert(
        ((role_of<Elements>() != role::source || source<Elements>)&&...),
        "cmm: a source's on<Api> needs api(), status take(void*&, request) and status give_back(block, "
        "stream)");
    static_assert(((!source<Elements> || takes_api<Elements>)&&...),
                  "cmm: a source's on<Api> is made of an api and its settings; it needs on(Api, settings)");
    return true;
  }
  return false;
}

template <class... Elements>
constexpr std::tuple<Elements...> parts_of(const recipe<Elements...>& r) {
  return r.elements;
}
template <class Element>
constexpr std::tuple<Element> parts_of(const Element& element) {
  return std::tuple<Element>{element};
}

}  // namespace detail

/// A composition `source | policies | layers`, in the order data flows: a constexpr value that prints as text
/// and is built in place over an api. Without a source it is a fragment that other recipes include; one of
/// policies alone is a policy.
template <class... Elements>
struct recipe {
  std::tuple<Elements...> elements;

  static constexpr bool hints = (detail::gives_hints<Elements> || ...);

  /// Builds the allocator over an api, which is copied.
  template <class Given>
  [[nodiscard]] constexpr auto build(Given&& on) const {
    using Api = std::remove_cvref_t<Given>;
    constexpr bool has_source = detail::count_of<detail::role::source, Elements...> == 1;
    static_assert(has_source, "cmm: this recipe has no source; begin it with one, such as managed{}");
    static_assert(api<Api>, "cmm: build() takes an api, such as cmm::cuda::api or cmm::sim::api");
    if constexpr (has_source && api<Api>) return built<Api, Elements...>{std::forward<Given>(on), elements};
  }

  /// Nothing is built without an api.
  void build() const = delete;  // cmm: build() takes an api, such as recipe.build(cmm::cuda::api{})

  /// Runs the policies of a fragment in their order.
  void place(auto& at, block b, stream s) const
      requires(sizeof...(Elements) > 0 &&
               detail::count_of<detail::role::policy, Elements...> == sizeof...(Elements)) {
    std::apply([&](const auto&... policy) { (policy.place(at, b, s), ...); }, elements);
  }

  [[nodiscard]] std::string text() const {
    std::string joined;
    std::apply(
        [&](const auto&... element) { ((joined += (joined.empty() ? "" : " | ") + to_text(element)), ...); },
        elements);
    return joined;
  }
};

/// Joins two parts of a recipe; a wrong order or a wrong part is a compile error that says what to write.
template <class Left, class Right>
requires(detail::part<Left> || detail::part<Right>) constexpr auto operator|(const Left& left,
                                                                             const Right& right) {
  return []<class... Elements>(std::tuple<Elements...> elements) {
    if constexpr (detail::sound<Elements...>()) return recipe<Elements...>{std::move(elements)};
  }(std::tuple_cat(detail::parts_of(left), detail::parts_of(right)));
}

/// Builds an allocator from a recipe or from a lone source.
template <class Recipe, class Given>
[[nodiscard]] constexpr auto build(const Recipe& parts, Given&& on) {
  return [&]<class... Elements>(std::tuple<Elements...> elements) {
    return recipe<Elements...>{std::move(elements)}.build(std::forward<Given>(on));
  }(detail::parts_of(parts));
}
template <class Recipe>
void build(const Recipe&) = delete;  // cmm: build() takes an api too, such as build(recipe, cmm::cuda::api{})

}  // namespace cmm
