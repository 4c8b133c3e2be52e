#pragma once

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "../cmm.hpp"
#include "../source/tiered.hpp"

namespace cmm {

class parsed_recipe;
template <api Api>
class any_allocator;

namespace detail {

struct parsed_part;

/// The predicate of a `when` that was read from text.
struct parsed_predicate {
  std::variant<below> value;

  bool operator()(const block& b) const {
    return std::visit([&](const auto& holds) { return holds(b); }, value);
  }
  [[nodiscard]] std::string text() const {
    return std::visit([](const auto& holds) { return to_text(holds); }, value);
  }
};

/// Policies that were read from text; together they are a policy.
struct parsed_policies {
  std::vector<parsed_part> parts;

  static constexpr bool hints = true;

  void place(auto& at, block b, stream s) const;
  [[nodiscard]] std::string text() const;
};

}  // namespace detail

/// A recipe that was read from text. It can stand as the source of further recipes and as the fast side of a
/// `spill`.
class parsed_recipe {
 public:
  /// No part at all; it cannot be built.
  parsed_recipe() = default;
  explicit parsed_recipe(std::vector<detail::parsed_part> parts);

  static constexpr bool migratable = true;

  /// The normal form: what `text()` of the same recipe in C++ prints.
  [[nodiscard]] std::string text() const;

  /// The recipe as a C++ expression; it needs `<cmm/cmm.hpp>` and `using namespace cmm::literals`.
  [[nodiscard]] std::string cpp() const;

  /// Builds the allocator over an api, which is copied; one type serves all recipes of an api.
  template <api Api>
  [[nodiscard]] any_allocator<Api> build_any(Api api) const;

  /// Whether the host can read every block.
  [[nodiscard]] bool host_accessible() const;

  [[nodiscard]] const std::vector<detail::parsed_part>& parts() const noexcept { return parts_; }

  template <cmm::api Api>
  class on;

 private:
  std::vector<detail::parsed_part> parts_;
};

namespace detail {

/// One part of a recipe read from text; this list is all the parts there are.
struct parsed_part {
  using known = std::variant<                                                         //
      managed, managed_pool, device, device_pool, system, egm, tiered, null,          //
      prefer, accessed_by, read_mostly, prefetch, advise_only, always_prefetch,       //
      threshold_prefetch, egm_numa, strict, when<parsed_predicate, parsed_policies>,  //
      pool, limit, spill<parsed_recipe>, record_streams, stats, trace, locked>;

  known value;

  [[nodiscard]] detail::role role() const {
    return std::visit([]<class Element>(const Element&) { return role_of<Element>(); }, value);
  }
  [[nodiscard]] const char* name() const {
    return std::visit([]<class Element>(const Element&) { return Element::name; }, value);
  }
};

inline std::string joined_text(const std::vector<parsed_part>& parts) {
  std::string joined;
  for (const parsed_part& each : parts) {
    joined += (joined.empty() ? "" : " | ") +
              std::visit([](const auto& element) { return to_text(element); }, each.value);
  }
  return joined;
}

void parsed_policies::place(auto& at, block b, stream s) const {
  for (const parsed_part& each : parts) {
    std::visit(
        [&]<class Element>(const Element& element) {
          if constexpr (role_of<Element>() == role::policy) element.place(at, b, s);
        },
        each.value);
  }
}
inline std::string parsed_policies::text() const { return joined_text(parts); }

}  // namespace detail

inline parsed_recipe::parsed_recipe(std::vector<detail::parsed_part> parts) : parts_{std::move(parts)} {}
inline std::string parsed_recipe::text() const { return detail::joined_text(parts_); }
inline bool parsed_recipe::host_accessible() const {
  const auto readable = []<class Element>(const Element& element) {
    if constexpr (requires { element.fast.host_accessible(); }) {
      return element.fast.host_accessible();
    } else {
      return cmm::host_accessible<Element>;
    }
  };
  return std::all_of(parts_.begin(), parts_.end(),
                     [&](const detail::parsed_part& each) { return std::visit(readable, each.value); });
}

}  // namespace cmm
