#pragma once

#include <limits>
#include <string>
#include <type_traits>

#include "parts.hpp"

namespace cmm::detail {

inline std::string to_cpp(std::size_t bytes) {
  if (bytes == no_limit) return "cmm::no_limit";
  std::string text = format_size(bytes);
  const std::size_t unit = text.find_first_not_of("0123456789");
  if (unit != std::string::npos) return text.insert(unit, "_");
  return bytes > std::numeric_limits<std::size_t>::max() / 2 ? text + "u" : text;
}
inline std::string to_cpp(int value) { return std::to_string(value); }
inline std::string to_cpp(location where) {
  std::string text = to_text(where);
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return "cmm::location::" + text + "()";
  text[colon] = '(';
  return "cmm::location::" + text + ")";
}

template <class Element>
requires std::is_class_v<Element> std::string to_cpp(const Element& element);

inline std::string to_cpp(const std::vector<parsed_part>& parts) {
  std::string joined;
  for (const parsed_part& each : parts) {
    joined += (joined.empty() ? "" : " | ") +
              std::visit([](const auto& element) { return to_cpp(element); }, each.value);
  }
  return joined;
}
inline std::string to_cpp(const parsed_recipe& nested) { return to_cpp(nested.parts()); }
inline std::string to_cpp(const parsed_policies& nested) { return to_cpp(nested.parts); }
inline std::string to_cpp(const parsed_predicate& predicate) {
  return std::visit([](const auto& holds) { return to_cpp(holds); }, predicate.value);
}

/// What class template arguments are deduced from stands without a name, because designators do not mix with
/// it; the fields after it are those of a nested struct.
template <class Element>
requires std::is_class_v<Element> std::string to_cpp(const Element& element) {
  std::string deduced;
  std::string settings;
  if constexpr (requires { Element::fields(element, [](const char*, const auto&) {}); }) {
    Element::fields(element, [&]<class Value>(const char* field, const Value& value) {
      if constexpr (requires { value.text(); }) {
        deduced += (deduced.empty() ? "" : ", ") + to_cpp(value);
      } else {
        settings += (settings.empty() ? "." : ", .") + std::string{field} + " = " + to_cpp(value);
      }
    });
  }
  if (!deduced.empty() && !settings.empty()) settings = ", {" + settings + "}";
  return "cmm::" + std::string{Element::name} + "{" + deduced + settings + "}";
}

}  // namespace cmm::detail

namespace cmm {

inline std::string parsed_recipe::cpp() const { return detail::to_cpp(parts_); }

}  // namespace cmm
