#pragma once

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

namespace tests {

/// A number given as `-- --NAME=VALUE` or in an environment variable.
inline std::uint64_t setting(std::string_view option, const char* variable, std::uint64_t otherwise) {
  const auto& suite = boost::unit_test::framework::master_test_suite();
  for (int i = 1; i < suite.argc; ++i) {
    const std::string_view argument = suite.argv[i];
    if (argument.substr(0, option.size()) == option)
      return std::stoull(std::string{argument.substr(option.size())});
  }
  const char* const given = std::getenv(variable);
  return given == nullptr ? otherwise : std::stoull(given);
}

inline std::uint64_t operations() { return setting("--operations=", "CMM_MODEL_OPERATIONS", 1'000'000); }
inline std::uint64_t seed() {
  static const std::uint64_t chosen = setting("--seed=", "CMM_MODEL_SEED", std::random_device{}());
  return chosen;
}

}  // namespace tests
