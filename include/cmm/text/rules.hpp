#pragma once

#include <algorithm>
#include <concepts>
#include <string>
#include <vector>

#include "parts.hpp"
#include "scanner.hpp"

namespace cmm::detail {

/// Parts as they stand in the text, each with its offset.
struct part_list {
  std::vector<parsed_part> parts;
  std::vector<std::size_t> offsets;
};

/// Whether a part advises or prefetches.
inline bool hints_of(const parsed_part& p) {
  return std::visit(
      []<class Element>(const Element& element) {
        if constexpr (requires { element.then.parts; }) {
          return std::any_of(element.then.parts.begin(), element.then.parts.end(), hints_of);
        } else {
          return gives_hints<Element>;
        }
      },
      p.value);
}

inline bool migratable_source(const parsed_part& p) {
  return std::visit(
      []<class Element>(const Element&) {
        if constexpr (role_of<Element>() == role::source) {
          return Element::migratable;
        } else {
          return false;
        }
      },
      p.value);
}

/// The rules that `operator|` proves at compile time, for a recipe read from text.
inline void check_recipe(const scanner& in, const part_list& list) {
  const auto fail = [&](std::size_t i, const std::string& wrong) {
    in.fail(list.offsets[i], list.parts[i].name(), wrong);
  };
  const auto is_source = [](const parsed_part& p) { return p.role() == role::source; };
  if (std::none_of(list.parts.begin(), list.parts.end(), is_source)) {
    fail(0, "this recipe has no source; begin it with one, such as managed");
  }
  bool in_layers = false;
  for (std::size_t i = 0; i < list.parts.size(); ++i) {
    const parsed_part& each = list.parts[i];
    const role what = each.role();
    if (i == 0 && what != role::source) fail(i, "the source comes first; write source | policies | layers");
    if (i != 0 && what == role::source) {
      fail(i, "a recipe has one source, and this is its second; for a second memory use the layer spill");
    }
    if (what == role::policy && in_layers) {
      fail(i, "a policy stands after a layer; write policies before the first layer");
    }
    if (!migratable_source(list.parts[0]) && hints_of(each)) {
      fail(i, std::string{"advice and prefetch need memory that can migrate, which "} + list.parts[0].name() +
                  " has not; use managed, managed_pool or system as the source");
    }
    in_layers = in_layers || what == role::layer;
  }
}

inline void check_policies(const scanner& in, const part_list& list) {
  for (std::size_t i = 0; i < list.parts.size(); ++i) {
    if (list.parts[i].role() != role::policy) {
      in.fail(list.offsets[i], list.parts[i].name(), "only policies can stand here, such as prefetch");
    }
  }
}

/// Why an element cannot take a location, or nothing if it can.
template <class Element>
const char* refusal(location where) {
  using enum location::kind;
  if constexpr (std::same_as<Element, accessed_by>) {
    if (where.what != device && where.what != host) return "CUDA takes a device or the host here";
  } else if constexpr (std::same_as<Element, egm> || std::same_as<Element, egm_numa>) {
    if (where.what != host_numa) return "this memory is on a host NUMA node";
  } else if constexpr (!std::same_as<Element, managed_pool>) {
    if (where.what == none) return "pages cannot be sent nowhere";
  }
  return nullptr;
}

}  // namespace cmm::detail
