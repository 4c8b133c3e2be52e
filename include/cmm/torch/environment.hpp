#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "../core/error.hpp"
#include "../core/say.hpp"
#include "../core/units.hpp"
#include "../core/whole_file.hpp"
#include "../text/scanner.hpp"
#include "../text/values.hpp"

namespace cmm::torch {

/// What the environment says, in place of a recipe's own values.
struct environment {
  std::optional<std::size_t> prefetch_below;  ///< CMM_PREFETCH_BELOW
  std::optional<std::size_t> limit;           ///< CMM_LIMIT
  std::optional<int> numa_node;               ///< CMM_NUMA_NODE
  std::optional<bool> strict;                 ///< CMM_STRICT
  std::string trace;                          ///< CMM_TRACE: the file, %p stands for the process
  std::string text;                           ///< what is set, as "NAME=VALUE NAME=VALUE"
};

namespace detail {

using cmm::detail::quoted;

[[noreturn]] inline void unreadable(const char* name, std::string_view value, const std::string& expected) {
  throw bad_text{std::string{name} + " is " + quoted(value) + ", which cannot be used; " + expected};
}

inline std::size_t read_size(const char* name, std::string_view value) {
  try {
    return parse_size(value);
  } catch (const bad_text&) {
    unreadable(name, value, "write a size such as 64GiB, or unset it");
  }
}

inline int read_node(const char* name, std::string_view value) {
  int node = 0;
  if (!cmm::detail::read_number(value, node)) {
    unreadable(name, value, "write the number of a host NUMA node, such as 0, or unset it");
  }
  return node;
}

inline bool read_flag(const char* name, std::string_view value) {
  if (value != "0" && value != "1") unreadable(name, value, "write 1 for on or 0 for off, or unset it");
  return value == "1";
}

inline std::string read_path(const char* name, std::string_view value) {
  const std::filesystem::path folder = std::filesystem::absolute(value).parent_path();
  std::error_code failed;
  if (!std::filesystem::is_directory(folder, failed) || ::access(folder.c_str(), W_OK) != 0) {
    unreadable(name, value,
               "write the path of a file in a folder that exists and can be written, or unset it");
  }
  if (const std::string reason = cmm::detail::no_place_for_a_file(std::filesystem::path{value});
      !reason.empty()) {
    unreadable(name, value, reason + "; write the path of another file, or unset it");
  }
  return std::string{value};
}

/// The predecessor's variables mean nothing here; whoever still sets them learns what does.
inline void greet_predecessor(auto&& lookup) {
  const char* const total = lookup("MANAGED_MEMORY_TOTAL_GB");
  if (total == nullptr || *total == '\0' || lookup("CMM_LIMIT") != nullptr) return;
  cmm::detail::say("MANAGED_MEMORY_TOTAL_GB=" + std::string{total} +
                   " is of another allocator and does nothing here; set CMM_LIMIT, such as CMM_LIMIT=64GiB");
}

}  // namespace detail

/// Reads the CMM_ variables by `lookup(name)`, which gives a text or null; an empty text is none. Throws
/// `bad_text` that names the variable and says what it takes.
inline environment read_environment(auto&& lookup) {
  environment read;
  const auto with = [&](const char* name, auto&& use) {
    const char* const value = lookup(name);
    if (value == nullptr || *value == '\0') return;
    use(name, value);
    read.text += (read.text.empty() ? "" : " ") + std::string{name} + "=" + value;
  };
  with("CMM_PREFETCH_BELOW", [&](auto... from) { read.prefetch_below = detail::read_size(from...); });
  with("CMM_LIMIT", [&](auto... from) { read.limit = detail::read_size(from...); });
  with("CMM_NUMA_NODE", [&](auto... from) { read.numa_node = detail::read_node(from...); });
  with("CMM_STRICT", [&](auto... from) { read.strict = detail::read_flag(from...); });
  with("CMM_TRACE", [&](auto... from) { read.trace = detail::read_path(from...); });
  detail::greet_predecessor(lookup);
  return read;
}
inline environment read_environment() {
  return read_environment([](const char* name) { return std::getenv(name); });
}

}  // namespace cmm::torch
