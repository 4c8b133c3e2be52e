#pragma once

#include <cstdio>
#include <string>

#include "../core/size_text.hpp"

namespace cmm::platform {

using cmm::size_text;

/// A rate in GB/s for people, 1e9 bytes: "63 GB/s", "4.02 TB/s".
inline std::string rate_text(double gigabytes) {
  char words[32];
  const bool tera = gigabytes >= 999.5;  // which three digits would write as 1e+03
  std::snprintf(words, sizeof words, "%.3g %s/s", tera ? gigabytes / 1000 : gigabytes, tera ? "TB" : "GB");
  return words;
}

}  // namespace cmm::platform
