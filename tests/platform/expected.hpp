#pragma once

#include <boost/test/unit_test.hpp>
#include <cmm/platform.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tests {

using namespace cmm::platform;

inline constexpr std::uint64_t kib = 1024;
inline constexpr std::uint64_t gib = kib * kib * kib;
inline constexpr std::optional<std::uint64_t> not_known = std::nullopt;

/// What a tier holds and what device, managed, managed_pool, egm and system reach of it, in bytes.
struct row {
  std::string tier;
  std::optional<std::uint64_t> bytes;
  std::vector<std::optional<std::uint64_t>> reached;
};

inline void check(const description& known, const std::vector<row>& wanted) {
  BOOST_REQUIRE_EQUAL(known.tiers.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const row& each = wanted[i];
    BOOST_CHECK_EQUAL(known.tiers[i].name(), each.tier);
    BOOST_CHECK_MESSAGE(known.tiers[i].bytes.value == each.bytes,
                        each.tier << " has " << known.tiers[i].bytes.value.value_or(0) << " bytes");
    for (std::size_t s = 0; s < source_names.size(); ++s) {
      const auto found = known.reaches(source_names[s], i);
      BOOST_CHECK_MESSAGE(found.value == each.reached[s],
                          source_names[s] << " reaches " << (found ? std::to_string(*found) : "?") << " of "
                                          << each.tier << ": " << found.evidence);
      BOOST_CHECK(!found.evidence.empty());
    }
  }
}

inline bool advises(const description& known, const std::string& words) {
  for (const std::string& each : known.advice) {
    if (each.find(words) != std::string::npos) return true;
  }
  return false;
}

inline bool misses(const description& known, const std::string& words) {
  for (const std::string& each : known.unseen) {
    if (each.find(words) != std::string::npos) return true;
  }
  return false;
}

}  // namespace tests
