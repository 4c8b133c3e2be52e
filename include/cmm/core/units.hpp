#pragma once

#include <charconv>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include "error.hpp"

namespace cmm {

inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

namespace detail {

/// Not constexpr on purpose: a literal that reaches it does not compile, and the compiler names it.
inline void this_size_literal_exceeds_the_address_space() {}

consteval std::size_t scaled(unsigned long long count, unsigned shift) {
  if (count > (no_limit >> shift)) this_size_literal_exceeds_the_address_space();
  return static_cast<std::size_t>(count) << shift;
}

struct size_unit {
  std::string_view name;
  double factor;
};

inline constexpr double kibi = 1024.0;
inline constexpr size_unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"KiB", kibi},
    {"MiB", kibi* kibi},
    {"GiB", kibi* kibi* kibi},
    {"TiB", kibi* kibi* kibi* kibi},
    {"KB", 1e3},
    {"MB", 1e6},
    {"GB", 1e9},
    {"TB", 1e12},
};

}  // namespace detail

inline namespace literals {
consteval std::size_t operator""_KiB(unsigned long long count) { return detail::scaled(count, 10); }
consteval std::size_t operator""_MiB(unsigned long long count) { return detail::scaled(count, 20); }
consteval std::size_t operator""_GiB(unsigned long long count) { return detail::scaled(count, 30); }
consteval std::size_t operator""_TiB(unsigned long long count) { return detail::scaled(count, 40); }
}  // namespace literals

/// Reads a size in bytes: "8192", "1.5GiB", "512 MiB", "2_GiB", "10GB". Throws `bad_text` naming the text.
///
/// KiB to TiB are powers of 1024, KB to TB powers of 1000; a fraction of a byte is an error.
inline std::size_t parse_size(std::string_view text) {
  const auto reject = [&](const char* why) -> std::size_t {
    throw bad_text{"the size \"" + std::string{text} + "\" " + why +
                   "; write a number and a unit, such as 8192, 512 MiB or 1.5GiB"};
  };
  const auto digits = text.find_first_not_of("0123456789.");
  const std::string_view number = text.substr(0, digits);
  std::string_view unit = digits == std::string_view::npos ? "" : text.substr(digits);
  while (!unit.empty() && (unit.front() == ' ' || unit.front() == '_')) unit.remove_prefix(1);
  const detail::size_unit* scale = nullptr;
  for (const auto& candidate : detail::size_units) {
    if (candidate.name == unit) scale = &candidate;
  }
  if (number.empty()) return reject("does not start with a number");
  if (scale == nullptr) return reject("has an unknown unit");

  const char* const end = number.data() + number.size();
  if (scale->factor == 1 && number.find('.') == std::string_view::npos) {  // exact beyond 2^53
    std::size_t bytes = 0;
    const auto [stop, error] = std::from_chars(number.data(), end, bytes);
    if (error == std::errc::result_out_of_range) return reject("is larger than the address space");
    return stop == end ? bytes : reject("is not a number");
  }
  double count = 0;
  const auto [stop, error] = std::from_chars(number.data(), end, count);
  if (error != std::errc{} || stop != end) return reject("is not a number");
  const double bytes = count * scale->factor;
  if (bytes >= 0x1p64) return reject("is larger than the address space");
  const auto whole = static_cast<std::size_t>(bytes);
  return static_cast<double>(whole) == bytes ? whole : reject("is not a whole number of bytes");
}

/// Writes a size with the largest binary unit that divides it: 2147483648 as "2GiB", 1000 as "1000".
inline std::string format_size(std::size_t bytes) {
  if (bytes == no_limit) return "no_limit";
  constexpr const char* names[] = {"", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (unit + 1 < std::size(names) && bytes != 0 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + names[unit];
}

}  // namespace cmm
