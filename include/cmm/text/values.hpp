#pragma once

#include <string>
#include <string_view>

#include "../core/number.hpp"
#include "rules.hpp"

namespace cmm::detail {

inline bool drop_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Reads "host", "device:0", "nearest_numa" or the C++ form "location::device(0)"; says whether it is one.
inline bool read_location(std::string_view text, location& out) {
  drop_prefix(text, "cmm::");
  const bool as_call = drop_prefix(text, "location::");
  if (as_call && (!text.ends_with(')') || text.find('(') == std::string_view::npos)) return false;
  if (as_call) text.remove_suffix(1);
  const std::size_t colon = text.find(as_call ? '(' : ':');
  const std::string_view kind = text.substr(0, colon);
  std::string_view id = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  const bool bare = as_call ? id.empty() : colon == std::string_view::npos;

  if (bare) {
    constexpr location absolute_or_relative[] = {location::none(), location::host(), location::device(),
                                                 location::nearest_numa()};
    for (const location candidate : absolute_or_relative) {
      if (to_text(candidate) != kind) continue;
      out = candidate;
      return true;
    }
    return false;
  }
  int number = 0;
  if (!read_number(id, number)) return false;
  if (kind == "device") out = location::device(number);
  if (kind == "host_numa") out = location::host_numa(number);
  return kind == "device" || kind == "host_numa";
}

/// Reads the scalar values of one field; what cannot be read names the element and the field.
template <class Element>
struct scalar_reader {
  scanner& in;
  const char* field;

  void operator()(std::size_t& out) const {
    const std::size_t begin = in.at();
    std::string_view text = in.scalar();
    const std::string_view typed = text;
    drop_prefix(text, "cmm::");
    if (text == "no_limit") {
      out = no_limit;
      return;
    }
    try {
      out = parse_size(text);
    } catch (const bad_text& unreadable) {
      refuse(begin, typed, unreadable.what());
    }
  }
  void operator()(int& out) const {
    const std::size_t begin = in.at();
    const std::string_view text = in.scalar();
    if (!read_number(text, out)) refuse(begin, text, "write a whole number from 0 to 2147483647");
  }
  void operator()(location& out) const {
    const std::size_t begin = in.at();
    const std::string_view text = in.scalar();
    if (!read_location(text, out)) {
      refuse(begin, text, "write a location: device, device:0, host, host_numa:0, nearest_numa or none");
    }
    if (const char* const why = refusal<Element>(out)) refuse(begin, text, why);
  }

 private:
  [[noreturn]] void refuse(std::size_t begin, std::string_view text, const std::string& why) const {
    const std::string which = std::string{"."} + field + " of " + Element::name;
    if (text.empty()) in.fail_here("the value for " + which + " is missing");
    in.fail(begin, text, which + " cannot be that; " + why);
  }
};

}  // namespace cmm::detail
