#pragma once

#include <cmm/core/units.hpp>
#include <filesystem>

namespace cmm::probe {

/// What the command line asked for.
struct options {
  std::filesystem::path root;                 ///< a recorded machine; empty for this one
  std::filesystem::path record;               ///< where to write this one; empty for nowhere
  std::size_t max_managed = default_managed;  ///< bytes that --verify has allocated at once
  bool json = false;
  bool verify = false;

  static constexpr std::size_t default_managed = 256_MiB;
  static constexpr std::size_t most_managed = 8_GiB;
};

}  // namespace cmm::probe
