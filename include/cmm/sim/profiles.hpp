#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include "../core/error.hpp"
#include "profiles/grace.hpp"

namespace cmm::sim {

/// Every profile there is.
inline constexpr const profile* profiles[] = {&h200_pcie,    &h100_x2,   &gh200_480, &gh200_480_egm,
                                              &gh200_480_x2, &gh200_144, &gb10};

/// The names of all profiles: "h200-pcie, gh200-480, ...".
inline std::string profile_names() {
  std::string names;
  for (const profile* each : profiles) names += (names.empty() ? "" : ", ") + std::string{each->name};
  return names;
}

/// Whether one of them has this name.
inline bool is_built_in(std::string_view name) {
  return std::any_of(std::begin(profiles), std::end(profiles),
                     [&](const profile* each) { return name == each->name; });
}

/// The profile of this name. Throws `bad_text` that names the text and lists the profiles there are.
inline const profile& find_profile(std::string_view name) {
  for (const profile* each : profiles) {
    if (name == each->name) return *each;
  }
  throw bad_text{"there is no simulated machine \"" + std::string{name} + "\"; the known ones are " +
                 profile_names() + "; a file of a profile ends in .json"};
}

namespace detail {

/// The names of the capabilities, by `cmm::attribute`.
inline constexpr const char* capability_names[] = {"concurrent_managed_access",
                                                   "pageable_memory_access",
                                                   "host_numa_id",
                                                   "host_numa_pools",
                                                   "managed_pools",
                                                   "egm",
                                                   "mapped_memory",
                                                   "mapped_host_memory",
                                                   "shareable_memory"};

}  // namespace detail

/// Calls `visit(name, figure, unit)` for each figure of a profile, which it may change; names are unique,
/// such as "faults.batch".
void each_figure(auto& of, auto&& visit) {
  profile::each(of, [&](const std::string& group, const char* name, auto& one, const char* unit) {
    visit(group + "." + name, one, unit);
  });
  for (std::size_t i = 0; i < of.capabilities.size(); ++i) {
    visit(std::string{"capability."} + detail::capability_names[i], of.capabilities[i], unit::pure);
  }
}

/// The row to which a figure of the profile was fitted; empty for any other.
inline std::string_view row_of(const profile& of, std::string_view figure) {
  for (const calibrated& each : of.calibration) {
    if (figure == each.figure) return each.row;
  }
  return {};
}

/// Calls `visit(name, value, unit, source)` for each figure of a profile. The source tells the reason of an
/// assumed figure and the row to which one was fitted.
void for_each_figure(const profile& of, auto&& visit) {
  each_figure(of, [&](const std::string& name, const figure& one, const char* unit) {
    std::string text = one.source;
    if (*one.reason != 0) text += std::string{": "} + one.reason;
    if (const std::string_view row = row_of(of, name); !row.empty()) text += ": " + std::string{row};
    visit(name, one.value, unit, text);
  });
}

}  // namespace cmm::sim
