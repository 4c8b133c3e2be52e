#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "profile.hpp"

namespace cmm::sim {

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
  profile::each(of, [&](const char* group, auto& figures) {
    figures.each(figures, [&](const char* name, auto& figure, const char* unit) {
      visit(std::string{group} + "." + name, figure, unit);
    });
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
