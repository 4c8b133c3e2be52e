#pragma once

#include <cmm/platform/description.hpp>
#include <cmm/platform/files.hpp>
#include <filesystem>

#include "attributes.hpp"

namespace cmm::probe {

/// The machine in a recorded folder: its files and its answers. Throws `bad_text` for what is no such folder.
struct recorded {
  explicit recorded(const std::filesystem::path& folder);

  attributes known;
  platform::files files;
};

/// Writes a folder that `recorded` reads back to the same description, whole or not at all.
///
/// Call it after `platform::describe` has read the files. Throws `bad_text` if the folder exists or cannot be
/// written.
void record(const std::filesystem::path& folder, const platform::files& read, const platform::answers& given);

}  // namespace cmm::probe
