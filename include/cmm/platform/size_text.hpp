#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

#include "../core/requirements.hpp"

namespace cmm::platform {

/// A size for people, in powers of 1024 and three digits: "95.6 GiB", "64 KiB", "0".
inline std::string size_text(std::uint64_t bytes) {
  if (bytes == 0) return "0";
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  int unit = 0;
  while (unit < 4 && value >= (unit == 3 ? 9999.5 : 999.5)) {  // 1150 GiB says more than 1.1 TiB
    value /= 1024;
    ++unit;
  }
  char words[32];
  const bool whole = value >= 99.95 || value == std::floor(value);
  std::snprintf(words, sizeof words, "%.*f %s", whole ? 0 : 1, value, units[unit]);
  return words;
}

/// A rate in GB/s for people, 1e9 bytes: "63 GB/s", "4.02 TB/s".
inline std::string rate_text(double gigabytes) {
  char words[32];
  const bool tera = gigabytes >= 1000;
  std::snprintf(words, sizeof words, "%.3g %s/s", tera ? gigabytes / 1000 : gigabytes, tera ? "TB" : "GB");
  return words;
}

}  // namespace cmm::platform
