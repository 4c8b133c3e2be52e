#pragma once

#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "parts.hpp"

namespace cmm::detail {

/// How many letters must be added, dropped or changed to get from one word to the other.
inline std::size_t edits_between(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t changed = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({changed, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

/// "did you mean limit? " for a word that is nearly one of the known ones, else nothing.
inline std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  std::string_view nearest;
  std::size_t fewest = 1 + word.size() / 3;
  for (const std::string_view candidate : known) {
    const std::size_t edits = edits_between(word.substr(0, 64), candidate);
    if (edits <= fewest && (nearest.empty() || edits < fewest)) {
      nearest = candidate;
      fewest = edits;
    }
  }
  return nearest.empty() ? "" : "did you mean " + std::string{nearest} + "? ";
}

inline std::string listed(const std::vector<std::string_view>& words) {
  std::string list;
  for (const std::string_view word : words) list += (list.empty() ? "" : ", ") + std::string{word};
  return list;
}

/// The names of a variant's alternatives, of one role or of all.
template <class... Known>
std::vector<std::string_view> names_of(const std::variant<Known...>*, role wanted = role::none) {
  std::vector<std::string_view> names;
  const auto add = [&](role what, const char* name) {
    if (wanted == role::none || what == wanted) names.emplace_back(name);
  };
  (add(role_of<Known>(), Known::name), ...);
  return names;
}

/// The names of an element's fields, in their order.
template <class Element>
std::vector<std::string_view> fields_of(Element& element) {
  std::vector<std::string_view> names;
  if constexpr (requires { Element::fields(element, [](const char*, auto&) {}); }) {
    Element::fields(element, [&](const char* field, auto&) { names.emplace_back(field); });
  }
  return names;
}

inline std::string known_parts() {
  const parsed_part::known* const all = nullptr;
  return "the sources are " + listed(names_of(all, role::source)) + "; the policies " +
         listed(names_of(all, role::policy)) + "; the layers " + listed(names_of(all, role::layer));
}

}  // namespace cmm::detail
