#pragma once

#include <cmm/core/units.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace cmm::bench {

/// How much of a range of KV pages lies in HBM and how much beyond it.
struct range_size {
  std::size_t fast = 0;
  std::size_t beyond = 0;
};

/// What the command line asked for.
struct options {
  std::string platform = "auto";
  std::string filter;
  std::filesystem::path out = "results";
  std::filesystem::path trace;
  std::size_t max_managed = 0;  ///< bytes; 0 means the default
  std::vector<range_size> kv_ranges;
  int repetitions = 1;
  std::vector<std::filesystem::path> calibrate_from;
  std::string name;
  bool calibrate = false;
  bool quick = false;
  bool fresh = false;
  bool list = false;

  static constexpr std::size_t default_managed = 8_GiB;
  static constexpr std::size_t least_managed = 4_MiB;
};

}  // namespace cmm::bench
