#pragma once

#include <cmm/platform/size_text.hpp>
#include <cstdio>
#include <string>

namespace cmm::bench {

/// A time with three digits and its unit: "584 ns", "17.2 us", "7.9 ms".
inline std::string format_time(double nanoseconds) {
  const char* unit = "ns";
  for (const char* next : {"us", "ms", "s"}) {
    if (nanoseconds < 999.5) break;  // more is 1e+03 in three digits
    nanoseconds /= 1000;
    unit = next;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %s", nanoseconds, unit);
  return text;
}

/// A rate in GB/s or, from a thousand of them, TB/s; powers of 1000.
inline std::string format_rate(double bytes_per_second) {
  return platform::rate_text(bytes_per_second / 1e9);
}

/// An arithmetic rate in GFLOP/s to PFLOP/s.
inline std::string format_flops(double flops_per_second) {
  double rate = flops_per_second / 1e9;
  const char* unit = "GFLOP/s";
  for (const char* next : {"TFLOP/s", "PFLOP/s"}) {
    if (rate < 999.5) break;
    rate /= 1000;
    unit = next;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %s", rate, unit);
  return text;
}

/// A ratio: "0.51x", "17.2x", "1040x".
inline std::string format_ratio(double ratio) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*fx", ratio < 10 ? 2 : ratio < 100 ? 1 : 0, ratio);
  return text;
}

/// A share in percent: "6.1 %".
inline std::string format_share(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", share * 100);
  return text;
}

}  // namespace cmm::bench
