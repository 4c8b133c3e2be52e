#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "requirements.hpp"

namespace cmm {

namespace detail {

/// How a size is written for people, and whether that is all of it.
struct written_size {
  std::string text;
  bool exact = true;
};

inline written_size write_size(std::uint64_t bytes) {
  if (bytes == 0) return {"0"};
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  int unit = 0;
  while (unit < 4 && value >= (unit == 3 ? 9999.5 : 999.5)) {  // 1150 GiB says more than 1.1 TiB
    value /= 1024;
    ++unit;
  }
  const auto below = static_cast<std::uint64_t>(value);
  const bool whole = value >= 99.95 || value == static_cast<double>(below);
  char words[32];
  std::snprintf(words, sizeof words, "%.*f %s", whole ? 0 : 1, value, units[unit]);
  const std::uint64_t in_unit = std::uint64_t{1} << (10 * unit);
  const bool exact = bytes % in_unit == 0 || (!whole && (bytes % in_unit) * 10 % in_unit == 0);
  return {words, exact};
}

}  // namespace detail

/// A size for people, in powers of 1024 and three digits: "95.6 GiB", "64 KiB", "0".
inline std::string size_text(std::uint64_t bytes) { return detail::write_size(bytes).text; }

/// The same for an error, which must not hide what it is about: "542 GiB (582005473280 bytes)", "64 KiB".
inline std::string size_in_full(std::uint64_t bytes) {
  const detail::written_size written = detail::write_size(bytes);
  return written.exact ? written.text : written.text + " (" + std::to_string(bytes) + " bytes)";
}

}  // namespace cmm
