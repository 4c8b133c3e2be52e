#pragma once

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../machine/about.hpp"
#include "../measure/options.hpp"
#include "../measure/row.hpp"
#include "run_files.hpp"

namespace cmm::bench {

/// The results of a run on disk. While it goes on they are in `results.partial.json`, which is written anew,
/// whole, every few seconds; at the end that becomes `results.json`.
class record {
 public:
  /// Throws `bad_text` when the output folder cannot be used.
  record(const options& wanted, const about& origin);

  /// Takes over the rows that an interrupted run with the same machine and options has left, unless they
  /// failed. Those that are not among `rows` stay in the partial file.
  void resume(const std::vector<bench_row>& rows);
  [[nodiscard]] bool has(const std::string& row) const { return rows_.contains(row); }

  /// What the row that is about to be added has besides numbers.
  void limit_of(const std::string& row, const bound& limit) { limits_[row] = limit; }
  void skip(const std::string& row, const std::string& reason) { skipped_[row] = reason; }
  /// Adds a row as Google Benchmark describes it; answers the row as it is kept.
  const nlohmann::json& add(const nlohmann::json& context, nlohmann::json row);

  /// Ends a run: writes `results.json` and says what failed. Returns the exit code of the process.
  int finish();
  /// Ends an interrupted run, of whose rows some are done. Returns the exit code of the process.
  int leave(std::size_t done, std::size_t of);

 private:
  [[nodiscard]] std::string text(bool complete) const;

  nlohmann::json context_;
  run_files files_;
  std::vector<std::string> order_;
  std::map<std::string, nlohmann::json> rows_;
  std::vector<nlohmann::json> aside_;  ///< of an interrupted run, outside of this run's filter
  std::map<std::string, bound> limits_;
  std::map<std::string, std::string> skipped_;
  std::size_t failed_ = 0;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

}  // namespace cmm::bench
