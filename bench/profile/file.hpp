#pragma once

#include <cmm/profile/file.hpp>
#include <string>
#include <vector>

namespace cmm::bench {

/// The profile as a file holds it: JSON of the schema "cmm-profile 1", one figure on each line with its name,
/// value, unit and source, and the row to which it was fitted.
std::string profile_text(const sim::profile& of);

/// Throws `bad_text` unless a profile may have this name: short, of plain characters, and of no known
/// machine.
void check_profile_name(const std::string& name);

/// Figures of a profile that contradict each other, such as a copy that is faster than its link: a sentence
/// that names them and their values for each.
std::vector<std::string> contradictions(const sim::profile& of);

}  // namespace cmm::bench
