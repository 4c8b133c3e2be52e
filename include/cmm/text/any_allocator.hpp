#pragma once

#include <memory>
#include <string>
#include <utility>

#include "erased.hpp"
#include "parts.hpp"

namespace cmm {
namespace detail {

/// The source of a recipe, or what its policies serve from in its place.
template <api Api>
ready_source<Api> source_of(const parsed_recipe& recipe, const Api& api) {
  std::unique_ptr<any_range<Api>> range;
  for (const parsed_part& each : recipe.parts()) {
    std::visit(
        [&]<class Element>(const Element& element) {
          if constexpr (role_of<Element>() == role::source) {
            range = std::make_unique<range_of<Element, Api>>(api, element);
          } else if constexpr (requires { element.serve(ready_source<Api>{}); }) {
            auto served = element.serve(ready_source<Api>{std::move(range)});
            range = std::make_unique<range_of<decltype(served), Api>>(api, std::move(served));
          }
        },
        each.value);
  }
  return {std::move(range)};
}

/// Composes a stack part by part, with the types that every recipe shares.
template <api Api>
std::unique_ptr<any_node<Api>> compose(Api api, const parsed_recipe& recipe) {
  if (recipe.parts().empty()) {
    throw bad_request{"a recipe with no parts was built; read one with parse_recipe first"};
  }
  parsed_policies policies;
  bool makes_strict = false;
  for (const parsed_part& each : recipe.parts()) {
    if (each.role() == role::policy) policies.parts.push_back(each);
    makes_strict = makes_strict || std::holds_alternative<strict>(each.value);
  }
  using lenient_node = node_of<Api, placed<ready_source<Api>, Api, parsed_policies>>;
  using strict_node = node_of<Api, placed<ready_source<Api>, Api, parsed_policies, strict>>;
  ready_source<Api> source = source_of(recipe, api);
  std::unique_ptr<any_node<Api>> stack;
  if (makes_strict) {
    stack = std::make_unique<strict_node>(api, std::move(source), std::move(policies), strict{});
  } else {
    stack = std::make_unique<lenient_node>(api, std::move(source), std::move(policies));
  }
  for (const parsed_part& each : recipe.parts()) {
    std::visit(
        [&]<class Element>(const Element& element) {
          if constexpr (role_of<Element>() == role::layer) {
            using over = typename Element::template over<erased<Api>>;
            stack = std::make_unique<node_of<Api, over>>(element, erased<Api>{std::move(stack)});
          }
        },
        each.value);
  }
  return stack;
}

/// A parsed recipe that no policy follows is its own stack.
template <class Api>
struct stack<Api, parsed_recipe, std::tuple<>> {
  using type = erased<Api>;
};

}  // namespace detail

/// A parsed recipe as the source of a recipe written in C++.
template <api Api>
class parsed_recipe::on {
 public:
  on(Api api, const parsed_recipe& recipe) : memory_{std::move(api), recipe} {}

  status take(void*& out, const request& r) {
    out = memory_.allocate(r).data;
    return out != nullptr ? status{} : status{errc::out_of_memory, "parsed recipe"};
  }
  status give_back(block b, stream s) {
    memory_.deallocate(b, s);
    return {};
  }
  Api& api() noexcept { return memory_.api(); }

 private:
  detail::erased<Api> memory_;
};

/// The allocator of a recipe that was read from text: one type for all recipes of an api, one virtual call
/// for each of its layers. Neither copied nor moved.
///
/// Exhaustion, threads, streams and wrong requests: as `built`.
template <api Api>
class any_allocator {
 public:
  any_allocator(Api api, parsed_recipe recipe)
      : recipe_{std::move(recipe)}, memory_{build(recipe_, std::move(api))} {}

  block allocate(const request& r) { return memory_.allocate(r); }
  block allocate(std::size_t bytes, stream s = {}) { return memory_.allocate(bytes, s); }
  void deallocate(const block& b, stream s = {}) noexcept { memory_.deallocate(b, s); }

  [[nodiscard]] const parsed_recipe& recipe() const noexcept { return recipe_; }
  [[nodiscard]] std::string text() const { return recipe_.text(); }
  [[nodiscard]] bool host_accessible() const { return recipe_.host_accessible(); }
  [[nodiscard]] std::size_t skipped_hints() const noexcept { return memory_.skipped_hints(); }
  [[nodiscard]] cmm::detail::over_aligned& over_aligned() noexcept { return memory_.over_aligned(); }
  [[nodiscard]] Api& api() noexcept { return memory_.api(); }

  /// The outermost layer with these settings, such as `get_if<cmm::stats>()`, or null.
  template <layer Settings>
  [[nodiscard]] auto* get_if() noexcept {
    using wanted = typename Settings::template over<detail::erased<Api>>;
    detail::any_node<Api>* each = &memory_.upstream().outermost();
    for (; each != nullptr; each = each->upstream()) {
      if (auto* const found = dynamic_cast<detail::node_of<Api, wanted>*>(each)) return &found->held;
    }
    return static_cast<wanted*>(nullptr);
  }

 private:
  parsed_recipe recipe_;
  built<Api, parsed_recipe> memory_;
};

template <api Api>
any_allocator<Api> parsed_recipe::build_any(Api api) const {
  return any_allocator<Api>{std::move(api), *this};
}

}  // namespace cmm
