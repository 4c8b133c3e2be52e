#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>

#include "location.hpp"
#include "units.hpp"

namespace cmm {

/// A recipe element with a name, such as `limit`. One with settings also lists them, for printing and
/// parsing: `static constexpr void fields(auto& self, auto&& visit) { visit("bytes", self.bytes); }`.
template <class Element>
concept named = requires {
  { Element::name } -> std::convertible_to<const char*>;
};

/// A place as recipes write it: "device", "host_numa:1", "none".
inline std::string to_text(location where) {
  const std::string id = where.is_relative() ? "" : ":" + std::to_string(where.id);
  switch (where.what) {
    case location::kind::none: return "none";
    case location::kind::host: return "host";
    case location::kind::device: return "device" + id;
    case location::kind::host_numa: return where.is_relative() ? "nearest_numa" : "host_numa" + id;
  }
  return "none";
}

/// A setting as recipes write it; a size so that `parse_size` reads it back.
inline std::string to_text(std::size_t bytes) { return format_size(bytes); }
inline std::string to_text(int value) { return std::to_string(value); }
inline std::string to_text(bool value) { return value ? "true" : "false"; }
inline std::string to_text(const char* text) { return '"' + std::string{text} + '"'; }

/// The text of a recipe element with its settings: "limit{.bytes = 64GiB}"; "custom" for one without a name.
template <class Element>
requires std::is_class_v<Element> std::string to_text(const Element& element) {
  if constexpr (requires { element.text(); }) {
    return element.text();
  } else if constexpr (named<Element>) {
    std::string settings;
    if constexpr (requires { Element::fields(element, [](const char*, const auto&) {}); }) {
      Element::fields(element, [&](const char* field, const auto& value) {
        settings += (settings.empty() ? "." : ", .") + std::string{field} + " = " + to_text(value);
      });
    }
    if (settings.empty()) return Element::name;
    return std::string{Element::name} + "{" + settings + "}";
  } else {
    return "custom";
  }
}

}  // namespace cmm
