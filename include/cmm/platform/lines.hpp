#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

#include "../core/requirements.hpp"

namespace cmm::platform {

inline std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view space = " \t\r\n";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

/// Calls `use` with each line of a text.
void each_line(std::string_view text, auto&& use) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    use(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
}

/// The whole number at the start of a text, or nothing; overflow is nothing.
inline std::optional<std::uint64_t> number(std::string_view text, int base = 10) noexcept {
  text = trimmed(text);
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || stop == text.data()) return std::nullopt;
  return value;
}

/// What stands behind `key` on the first line that starts with it.
inline std::optional<std::string_view> after(std::string_view text, std::string_view key) {
  std::optional<std::string_view> found;
  each_line(text, [&](std::string_view line) {
    if (!found && trimmed(line).starts_with(key)) found = trimmed(trimmed(line).substr(key.size()));
  });
  return found;
}

/// The bytes of a line such as "MemTotal:  1024 kB" of `/proc/meminfo` and its like.
inline std::optional<std::uint64_t> kib_after(std::string_view text, std::string_view key) {
  const auto rest = after(text, key);
  const auto kib = rest ? number(*rest) : std::nullopt;
  return kib && *kib <= UINT64_MAX / 1024 ? std::optional{*kib * 1024} : std::nullopt;
}

}  // namespace cmm::platform
