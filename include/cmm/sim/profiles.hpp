#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "../core/error.hpp"
#include "profiles/figures.hpp"
#include "profiles/grace.hpp"
#include "profiles/h100.hpp"
#include "profiles/h200.hpp"

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

}  // namespace cmm::sim
