#pragma once

#include <string>
#include <utility>
#include <vector>

namespace cmm::bench {

/// Facts about the machine that go into the context of the results.
using facts = std::vector<std::pair<std::string, std::string>>;

/// A figure of a simulated machine and where it comes from.
struct profile_figure {
  std::string name;
  double value = 0;
  std::string unit;
  std::string source;
};

/// What the results say about where they come from.
struct about {
  facts machine;
  std::string platform;                  ///< JSON as `cmm::platform::to_json` writes it; empty for none
  std::vector<profile_figure> profile;   ///< of a simulated machine
  std::vector<std::string> calibration;  ///< rows that the figures of a simulated machine were fitted to
};

}  // namespace cmm::bench
