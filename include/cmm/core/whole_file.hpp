#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "requirements.hpp"

namespace cmm::detail {

/// Writes a text to `path`, whole or not at all: what stood there stays until the new text is complete.
[[nodiscard]] inline bool write_whole(const std::filesystem::path& path, const std::string& text) {
  const std::filesystem::path partial = path.string() + ".partial";
  std::ofstream file{partial};
  file << text;
  file.close();
  std::error_code failed;
  if (file) std::filesystem::rename(partial, path, failed);
  if (file && !failed) return true;
  std::error_code ignored;  // the partial file may not exist
  std::filesystem::remove(partial, ignored);
  return false;
}

}  // namespace cmm::detail
