#pragma once

#include <string>
#include <string_view>

#include "requirements.hpp"

namespace cmm::detail {

/// Text of strangers as a message may show it: control characters as \xNN, so that it stays one line and does
/// nothing to a terminal, and a long middle left out.
inline std::string printable(std::string_view text) {
  constexpr std::size_t most_head = 1500;
  constexpr std::size_t most_tail = 500;
  constexpr const char* digits = "0123456789abcdef";
  std::string shown;
  const auto append = [&](std::string_view part) {
    for (const char c : part) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte != 0x7f) {
        shown += c;
      } else {
        shown += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
      }
    }
  };
  if (text.size() <= most_head + most_tail) {
    append(text);
  } else {
    append(text.substr(0, most_head));
    shown += " ... ";
    append(text.substr(text.size() - most_tail));
  }
  return shown;
}

}  // namespace cmm::detail
