#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "draft.hpp"

namespace cmm::bench {

/// The profile as a file holds it: JSON of the schema "cmm-profile 1", one figure on each line with its name,
/// value, unit and source, and the row to which it was fitted.
std::string profile_text(const sim::profile& of);

/// The profile in such a text; `called` names it in messages. Throws `bad_text` that says what is missing,
/// negative, unknown, without its unit or outside of what a machine can have.
machine_profile parse_profile(const std::string& text, const std::string& called);

/// Throws `bad_text` unless a profile may have this name: short, of plain characters, and of no known
/// machine.
void check_profile_name(const std::string& name);

/// The profile in a file. Throws `bad_text`.
machine_profile read_profile(const std::filesystem::path& file);

/// The machine that `sim:WHAT` means: a built-in profile by its name, or a file that ends in .json. Throws
/// `bad_text`.
machine_profile find_machine(std::string_view what);

/// Figures of a profile that contradict each other, such as a copy that is faster than its link: a sentence
/// that names them and their values for each.
std::vector<std::string> contradictions(const sim::profile& of);

}  // namespace cmm::bench
