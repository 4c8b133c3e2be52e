#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "error.hpp"

namespace cmm {

/// As many bytes as there can be: a setting of this size bounds nothing.
inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

namespace detail {

/// Not constexpr on purpose: a literal that reaches one does not compile, and the compiler names it.
inline void this_size_literal_exceeds_the_address_space() {}
inline void this_size_literal_is_no_whole_number() {}

/// What the digits of an integer literal say, times 2 to the power of `shift`.
template <char... Digits>
consteval std::size_t scaled(unsigned shift) {
  constexpr char digits[] = {Digits..., '\0'};
  const char* at = digits;
  unsigned base = 10;
  if (digits[0] == '0')
    base = digits[1] == 'x' || digits[1] == 'X' ? 16 : digits[1] == 'b' || digits[1] == 'B' ? 2 : 8;
  if (base == 16 || base == 2) at += 2;
  std::size_t value = 0;
  for (; *at != '\0'; ++at) {
    if (*at == '\'') continue;
    const int digit = *at <= '9' ? *at - '0' : (*at | 0x20) - 'a' + 10;
    if (digit < 0 || static_cast<unsigned>(digit) >= base) this_size_literal_is_no_whole_number();
    if (value > (no_limit - static_cast<unsigned>(digit)) / base)
      this_size_literal_exceeds_the_address_space();
    value = value * base + static_cast<unsigned>(digit);
  }
  if (value > (no_limit >> shift)) this_size_literal_exceeds_the_address_space();
  return value << shift;
}

struct size_unit {
  std::string_view name;
  unsigned base;
  int power;
};

inline constexpr size_unit size_units[] = {
    {"", 1, 0},       {"B", 1, 0},     {"KiB", 1024, 1}, {"MiB", 1024, 2}, {"GiB", 1024, 3},
    {"TiB", 1024, 4}, {"KB", 1000, 1}, {"MB", 1000, 2},  {"GB", 1000, 3},  {"TB", 1000, 4},
};

/// `whole` times `base` plus `more`; says whether the address space holds that.
inline bool carry_into(std::size_t& whole, unsigned base, unsigned more) {
  if (whole > (no_limit - more) / base) return false;
  whole = whole * base + more;
  return true;
}

}  // namespace detail

/// Templates, and not consteval functions of a number: clang++ 14 calls those at run time, where they are
/// not.
inline namespace literals {
template <char... Digits>
constexpr std::size_t operator""_KiB() {
  return std::integral_constant<std::size_t, detail::scaled<Digits...>(10)>::value;
}
template <char... Digits>
constexpr std::size_t operator""_MiB() {
  return std::integral_constant<std::size_t, detail::scaled<Digits...>(20)>::value;
}
template <char... Digits>
constexpr std::size_t operator""_GiB() {
  return std::integral_constant<std::size_t, detail::scaled<Digits...>(30)>::value;
}
template <char... Digits>
constexpr std::size_t operator""_TiB() {
  return std::integral_constant<std::size_t, detail::scaled<Digits...>(40)>::value;
}
}  // namespace literals

/// Reads a size in bytes: "8192", "1.5GiB", "512 MiB", "2_GiB", "10GB". Throws `bad_text` naming the text.
///
/// KiB to TiB are powers of 1024, KB to TB powers of 1000; a fraction of a byte is an error. Every size that
/// a program of this library reads is read by this rule.
inline std::size_t parse_size(std::string_view text) {
  const auto reject = [&](const char* why) -> std::size_t {
    throw bad_text{"the size \"" + std::string{text} + "\" " + why +
                   "; write a number and a unit, such as 8192, 512 MiB or 1.5GiB"};
  };
  const auto behind = text.find_first_not_of("0123456789.");
  const std::string_view number = text.substr(0, behind);
  std::string_view unit = behind == std::string_view::npos ? "" : text.substr(behind);
  while (!unit.empty() && (unit.front() == ' ' || unit.front() == '_')) unit.remove_prefix(1);
  const detail::size_unit* scale = nullptr;
  for (const auto& candidate : detail::size_units) {
    if (candidate.name == unit) scale = &candidate;
  }
  if (number.empty()) return reject("does not start with a number");
  if (scale == nullptr) return reject("has an unknown unit");
  const auto point = number.find('.');
  std::string fraction{point == std::string_view::npos ? "" : number.substr(point + 1)};
  if (number == "." || fraction.find('.') != std::string::npos) return reject("is not a number");

  std::size_t bytes = 0;
  for (const char digit : number.substr(0, point)) {
    if (!detail::carry_into(bytes, 10, static_cast<unsigned>(digit - '0'))) {
      return reject("is larger than the address space");
    }
  }
  for (int step = 0; step < scale->power; ++step) {  // in decimal digits, since a double would round
    unsigned carry = 0;
    for (auto digit = fraction.rbegin(); digit != fraction.rend(); ++digit) {
      const unsigned scaled = static_cast<unsigned>(*digit - '0') * scale->base + carry;
      *digit = static_cast<char>('0' + scaled % 10);
      carry = scaled / 10;
    }
    if (!detail::carry_into(bytes, scale->base, carry)) return reject("is larger than the address space");
  }
  const bool whole = fraction.find_first_not_of('0') == std::string::npos;
  return whole ? bytes : reject("is not a whole number of bytes");
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
