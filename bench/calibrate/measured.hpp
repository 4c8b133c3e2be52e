#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cmm::bench {

/// What runs of cmm_bench tell of one machine, as far as a profile is made from it.
class measured_runs {
 public:
  /// Throws `bad_text` where a file is no such run, or of another machine than the first.
  explicit measured_runs(const std::vector<std::filesystem::path>& files);

  [[nodiscard]] const std::string& called() const noexcept { return called_; }
  /// The median of a row in nanoseconds, that of the run in which it is least; none where it was not
  /// measured.
  [[nodiscard]] std::optional<double> row(const std::string& name) const;
  /// Whether the machine could not run a row, which it then says.
  [[nodiscard]] bool skips(const std::string& name) const;
  /// Units (bytes or FLOP) in a nanosecond of a limit that rows state, whose name begins like this; with
  /// `of`, of rows whose name has this text.
  [[nodiscard]] std::optional<double> rate(std::string_view limit, std::string_view of = {}) const;
  /// Nanoseconds of a limit that is one act.
  [[nodiscard]] std::optional<double> time(std::string_view limit) const;
  /// A fact of `context.machine`, which holds texts.
  [[nodiscard]] std::string fact(const char* name) const;
  [[nodiscard]] std::optional<double> number(const char* name) const;
  /// What the probe found of the host or of the first GPU.
  [[nodiscard]] std::optional<double> host(const char* name) const;
  [[nodiscard]] std::optional<double> gpu(const char* name) const;
  [[nodiscard]] int numa_nodes() const;

 private:
  std::string called_;
  nlohmann::json context_;
  std::multimap<std::string, nlohmann::json> rows_;
};

}  // namespace cmm::bench
