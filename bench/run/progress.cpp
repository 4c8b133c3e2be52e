#include "progress.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "../measure/format.hpp"

namespace cmm::bench {
namespace {

std::string outcome_of(const nlohmann::json& row) {
  if (row.contains("skipped")) return "skipped: " + row["skipped"].get<std::string>();
  if (row.contains("error_message")) return "FAILED: " + row["error_message"].get<std::string>();
  char text[96];
  const auto cell = [&](const char* key, auto&& format) {
    return row.contains(key) ? format(row[key].template get<double>()) : std::string{};
  };
  const std::string rate = row.contains("flops_per_second") ? cell("flops_per_second", format_flops)
                                                            : cell("bytes_per_second", format_rate);
  const std::string limit = cell("limit_ratio", format_share);
  std::snprintf(text, sizeof text, "%10s  %12s  %s", cell("p50_ns", format_time).c_str(), rate.c_str(),
                limit.empty() ? "" : (limit + " of its limit").c_str());
  return text;
}

std::string left(double seconds) {
  char text[32];
  if (seconds < 90) {
    std::snprintf(text, sizeof text, "%2.0f s left", seconds);
  } else {
    std::snprintf(text, sizeof text, "%2.0f min left", seconds / 60);
  }
  return text;
}

}  // namespace

void progress::ended(const nlohmann::json& row) {
  ++done_;
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin_;
  const double remaining = spent.count() / static_cast<double>(done_) * static_cast<double>(rows_ - done_);
  std::printf("[%3zu/%zu, %s] %s\n    %s\n", done_, rows_, left(remaining).c_str(),
              row["name"].get<std::string>().c_str(), outcome_of(row).c_str());
  std::fflush(stdout);
}

}  // namespace cmm::bench
