#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "files.hpp"
#include "group_mounts.hpp"
#include "lines.hpp"

namespace cmm::platform {

/// What a control group lets its processes use, in bytes, and what they use.
struct memory_group {
  std::string limit_path{};
  std::uint64_t limit = 0;
  std::optional<std::uint64_t> used{};  ///< without the page cache, which the kernel gives back

  [[nodiscard]] std::uint64_t left() const noexcept { return limit - std::min(limit, used.value_or(0)); }
};

/// The groups with a limit that hold this process, from its own one up.
struct memory_groups {
  std::vector<memory_group> limited{};
  std::vector<std::string> unclear{};  ///< why a file of a limit that is there sets none
  bool found = false;                  ///< any group is seen, limited or not
  bool has_root = true;                ///< the groups above are seen, up to that of the whole system

  /// The group that has least left; null where none sets a limit.
  [[nodiscard]] const memory_group* tightest() const noexcept {
    const auto least =
        std::min_element(limited.begin(), limited.end(),
                         [](const auto& one, const auto& other) { return one.left() < other.left(); });
    return least == limited.end() ? nullptr : &*least;
  }
};

namespace detail {

/// The bytes of a limit; nothing for "max" and for the huge number that version 1 writes for none.
inline std::optional<std::uint64_t> limit_in(files& from, const std::string& path) {
  constexpr std::uint64_t none = std::uint64_t{1} << 60;
  const auto bytes = number(from.line(path).value_or(""));
  return bytes && *bytes < none ? bytes : std::nullopt;
}

/// Why nothing is known of a limit whose file is there; "" where that file says it, or there is none.
inline std::string why_unclear(files& from, const std::string& path) {
  const auto text = from.line(path);
  if (text) return number(*text) || trimmed(*text) == "max" ? "" : path + " holds no number";
  return from.unreadable().contains(path) ? from.why_not(path) : "";
}

/// The names of one version's files.
struct group_files {
  std::vector<const char*> limits;  ///< the lowest of them holds
  const char* usage;
  const char* limit_with_swap;  ///< null where memory and swap have no limit together
  const char* usage_with_swap;
  const char* active_cache;
  const char* inactive_cache;
};

inline const group_files& files_of_version(int version) {
  // From memory.high on the kernel slows a group down until it stands still.
  static const group_files second{
      {"memory.max", "memory.high"}, "memory.current", nullptr, nullptr, "active_file", "inactive_file"};
  static const group_files first{{"memory.limit_in_bytes"},     "memory.usage_in_bytes",
                                 "memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes",
                                 "total_active_file",           "total_inactive_file"};
  return version == 2 ? second : first;
}

inline std::optional<std::uint64_t> used_by_group(files& from, const std::string& folder,
                                                  const group_files& names, const char* told) {
  const auto usage = number(from.line(folder + "/" + told).value_or(""));
  if (!usage.has_value()) return std::nullopt;
  const std::string statistics = from.read(folder + "/memory.stat").value_or("");
  const std::uint64_t all = usage.value();
  std::uint64_t cache = 0;
  for (const char* name : {names.active_cache, names.inactive_cache}) {
    const auto found = after(statistics, std::string{name} + " ");
    cache += std::min(all, number(found.value_or("")).value_or(0));
  }
  return all - std::min(all, cache);
}

/// Adds what limits the group in one folder. `inside` is what the groups below use, and gets this one's.
inline void read_group(files& from, const std::string& folder, int version, std::uint64_t& inside,
                       memory_groups& into) {
  const group_files& names = files_of_version(version);
  std::optional<std::uint64_t> limit;
  std::string limit_path;
  for (const char* name : names.limits) {
    const std::string path = folder + "/" + name;
    const auto found = limit_in(from, path);
    if (from.read(path)) into.found = true;
    if (const std::string why = why_unclear(from, path); !why.empty()) into.unclear.push_back(scrubbed(why));
    if (!found || (limit && *limit <= *found)) continue;
    limit = found;
    limit_path = path;
  }
  std::optional<std::uint64_t> used = used_by_group(from, folder, names, names.usage);
  if (used) into.found = true;
  // A group uses at least what those in it do, whatever it tells.
  if (inside != 0) used = std::max(used.value_or(0), inside);
  inside = used.value_or(0);
  if (limit) into.limited.push_back({scrubbed(limit_path), *limit, used});
  if (names.limit_with_swap != nullptr) {
    const std::string path = folder + "/" + names.limit_with_swap;
    const auto both = limit_in(from, path);
    // What was swapped out counts as well.
    if (both)
      into.limited.push_back(
          {scrubbed(path), *both, used_by_group(from, folder, names, names.usage_with_swap)});
  }
  if (version == 2) return;
  // The lowest limit of all groups above, those that this process does not see among them.
  const std::string statistics = from.read(folder + "/memory.stat").value_or("");
  const auto above = number(after(statistics, "hierarchical_memory_limit ").value_or(""));
  if (above && *above < std::uint64_t{1} << 60 && (!limit || *above < *limit)) {
    into.limited.push_back({scrubbed(folder + "/memory.stat"), *above, used});
  }
}

/// Whether the limit of a group binds those in it: of version 1 a group may count its own processes alone.
inline bool binds_those_inside(files& from, const std::string& folder, int version) {
  return version == 2 || from.line(folder + "/memory.use_hierarchy").value_or("") != "0";
}

inline void walk_groups(files& from, const group_mount& at, memory_groups& into) {
  std::uint64_t inside = 0;
  memory_groups here;
  bool own = false;
  bool all_that_bind = false;
  for (std::string below = at.below;;) {
    read_group(from, at.folder + below, at.version, inside, here);
    own = own || (here.found && below == at.below);
    if (below.empty()) break;
    below.resize(below.rfind('/'));
    all_that_bind = !binds_those_inside(from, at.folder + below, at.version);
    if (all_that_bind) break;
  }
  into.unclear.insert(into.unclear.end(), here.unclear.begin(), here.unclear.end());
  if (!here.found) return;
  // The group of the whole system has no limit, in version 2 not even the file. What has one is below others.
  const std::string top = at.folder + "/";
  const bool top_is_root = at.version == 2
                               ? !from.read(top + "memory.max").has_value()
                               : !at.below.empty() && own && !limit_in(from, top + "memory.limit_in_bytes");
  into.found = true;
  into.has_root = into.has_root && (all_that_bind || (!at.cut_off && top_is_root));
  into.limited.insert(into.limited.end(), here.limited.begin(), here.limited.end());
}

}  // namespace detail

/// The groups of both versions, of a container that sees its own one only, and of systems that have both.
inline memory_groups read_memory_groups(files& from) {
  memory_groups known;
  for (const group_mount& each : read_group_mounts(from)) detail::walk_groups(from, each, known);
  if (!known.found) known.has_root = false;
  return known;
}

}  // namespace cmm::platform
