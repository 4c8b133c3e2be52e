#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cmm::bench {

/// The rows that `--calibrate` measures, as a filter: those that figures are fitted to, and one for each
/// limit that a profile takes.
std::string calibration_filter();

/// Makes a profile from the results of runs of one machine and writes it to `profile.json` in a folder.
/// Without a name it is called after the GPU. Returns the exit code of the process; throws `bad_text`.
int write_profile(const std::vector<std::filesystem::path>& results, const std::filesystem::path& out,
                  std::string name);

}  // namespace cmm::bench
