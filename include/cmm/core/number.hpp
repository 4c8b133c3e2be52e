#pragma once

#include <charconv>
#include <concepts>
#include <string_view>
#include <system_error>

#include "requirements.hpp"

namespace cmm::detail {

/// Reads the whole text as decimal digits of a number that the type holds; says whether it is one.
template <std::integral Number>
bool read_number(std::string_view text, Number& out) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  return error == std::errc{} && stop == end && text.front() != '-';
}

}  // namespace cmm::detail
