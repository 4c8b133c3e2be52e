#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "files.hpp"
#include "lines.hpp"

namespace cmm::platform {

/// A hierarchy of control groups for memory, and where in it this process is.
struct group_mount {
  int version = 2;
  std::string folder{};  ///< where it is mounted
  std::string below{};   ///< the group of this process, from there: "" or such as "/a/b"
  bool cut_off = false;  ///< it is mounted from a group on, and those above are not seen
};

namespace detail {

inline std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (line = trimmed(line); !line.empty(); line = trimmed(line)) {
    const auto end = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return words;
}

/// A path of the list of mounts, where the kernel writes spaces and backslashes as in "\\040" and "\\134".
inline std::string unescaped(std::string_view path) {
  std::string out;
  for (std::size_t at = 0; at < path.size(); ++at) {
    const auto code = path[at] == '\\' ? number(path.substr(at + 1, 3), 8) : std::nullopt;
    const bool escape = code && *code <= 0377 && path.size() - at > 3;
    out += escape ? static_cast<char>(*code) : path[at];
    if (escape) at += 3;
  }
  return out;
}

/// Whether a list such as "cpu,memory" has a word.
inline bool lists(std::string_view list, std::string_view word) {
  const std::string padded = "," + std::string{list} + ",";
  return padded.find("," + std::string{word} + ",") != std::string::npos;
}

/// The group of this process by `/proc/self/cgroup`, which has lines such as "4:cpu,memory:/a" and "0::/a".
inline std::optional<std::string> own_group(files& from, int version) {
  const auto text = from.read_with_names("/proc/self/cgroup");
  std::optional<std::string> found;
  each_line(text.value_or(""), [&](std::string_view line) {
    const auto first = line.find(':');
    const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos || found) return;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool matches =
        version == 2 ? line.substr(0, first) == "0" && controllers.empty() : lists(controllers, "memory");
    if (matches) found = std::string{line.substr(second + 1)};
  });
  return found;
}

/// The path of a group from the one that is mounted on; "" where that group or one beside it is meant.
inline std::string below_mount(const std::string& group, const std::string& mounted) {
  const std::string base = mounted == "/" ? "" : mounted;
  const bool inside = group == base || group.starts_with(base + "/");
  std::string rest = inside ? group.substr(base.size()) : "";
  // A process outside of what its container may see is in a group such as "/../other".
  if (rest == "/" || rest.find("/..") != std::string::npos) return "";
  return rest;
}

inline group_mount mount_of(files& from, int version, const std::string& folder, const std::string& root) {
  const std::string group = own_group(from, version).value_or("/");
  return {version, folder, below_mount(group, root), root != "/"};
}

}  // namespace detail

/// By `/proc/self/mountinfo`, of which nothing else is read or kept; without it where Linux has them by
/// custom.
inline std::vector<group_mount> read_group_mounts(files& from) {
  std::vector<group_mount> found;
  const auto lines = from.read_lines("/proc/self/mountinfo", [](std::string_view line) {
    return line.find(" - cgroup") != std::string_view::npos;
  });
  each_line(lines.value_or(""), [&](std::string_view line) {
    // 36 35 0:30 ROOT FOLDER OPTIONS ... - TYPE SOURCE OPTIONS
    const auto words = detail::words_of(line);
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 6 || words.end() - dash < 3) return;
    const bool second = dash[1] == "cgroup2";
    if (!second && !detail::lists(words.back(), "memory")) return;
    found.push_back(
        detail::mount_of(from, second ? 2 : 1, detail::unescaped(words[4]), detail::unescaped(words[3])));
  });
  if (!found.empty()) return found;
  found.push_back(detail::mount_of(from, 2, "/sys/fs/cgroup", "/"));
  found.push_back(detail::mount_of(from, 2, "/sys/fs/cgroup/unified", "/"));
  found.push_back(detail::mount_of(from, 1, "/sys/fs/cgroup/memory", "/"));
  return found;
}

}  // namespace cmm::platform
