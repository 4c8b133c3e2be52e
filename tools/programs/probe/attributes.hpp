#pragma once

#include <cmm/platform/answers.hpp>
#include <map>
#include <string>

namespace cmm::probe {

/// What cannot be read from a recorded machine's `proc` and `sys`: the content of its `attributes.json`.
struct attributes {
  platform::answers given{};
  std::map<std::string, std::string> unreadable{};  ///< files that were there but refused, and why

  bool has_environment = true;  ///< false for a recording that does not tell variables

  friend bool operator==(const attributes&, const attributes&) = default;
};

/// The schema that this program writes and reads.
inline constexpr const char* attributes_schema = "cmm-attributes 1";

/// Reads `attributes.json`; `name` stands in errors. Throws `bad_text` for a text that is cut short or no
/// JSON, of another schema, or with a member of the wrong type.
attributes parse_attributes(const std::string& text, const std::string& name);

std::string to_json(const attributes& known);

}  // namespace cmm::probe
