#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "requirements.hpp"

namespace cmm::detail {

/// The bytes of the character with which a text begins, in UTF-8; 0 where that is none, or one that steers a
/// terminal, ends a line or turns the direction of writing.
inline std::size_t shown_bytes(std::string_view text) {
  constexpr std::uint32_t least[] = {0, 0xa0, 0x800, 0x10000};
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc0 || first >= 0xf8 || text.size() < bytes) return 0;
  std::uint32_t code = first & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return 0;
    code = code << 6 | (next & 0x3fU);
  }
  const bool none = code < least[bytes - 1] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000);
  const bool turns = (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return none || turns ? 0 : bytes;
}

/// Text of strangers as a message may show it: what is no printable UTF-8 as \xNN, so that it stays one line
/// and does nothing to a terminal, and a long middle left out.
inline std::string printable(std::string_view text) {
  constexpr std::size_t most_head = 1500;
  constexpr std::size_t most_tail = 500;
  constexpr const char* digits = "0123456789abcdef";
  std::string shown;
  const auto append = [&](std::string_view part) {
    while (!part.empty()) {
      const std::size_t bytes = shown_bytes(part);
      const auto byte = static_cast<unsigned char>(part[0]);
      if (bytes == 0) shown += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
      shown += part.substr(0, bytes);
      part.remove_prefix(bytes == 0 ? 1 : bytes);
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
