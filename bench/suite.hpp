#pragma once

#include <algorithm>
#include <cmm/core/managed_budget.hpp>
#include <functional>
#include <string>
#include <vector>

#include "options.hpp"
#include "row.hpp"
#include "workload.hpp"

namespace cmm::bench {

/// The machine, its budget of managed memory and the rows that cases register.
template <workload Workload>
class suite {
 public:
  using api_type = capped<decltype(std::declval<Workload&>().api())>;

  suite(Workload& on, managed_budget& budget, const options& wanted)
      : work_{on}, budget_{budget}, options_{wanted} {}

  [[nodiscard]] Workload& work() noexcept { return work_; }
  [[nodiscard]] managed_budget& budget() noexcept { return budget_; }
  [[nodiscard]] bool quick() const noexcept { return options_.quick; }
  [[nodiscard]] const options& wanted() const noexcept { return options_; }

  /// The api that keeps to the budget of managed memory.
  [[nodiscard]] api_type api() { return {work_.api(), budget_}; }

  /// The largest block of managed memory that a case should ask for: `wanted`, or what half the budget
  /// allows.
  [[nodiscard]] std::size_t fitting(std::size_t wanted) const noexcept {
    constexpr std::size_t page = 2_MiB;
    return std::max(page, std::min(wanted, budget_.bytes() / 2) / page * page);
  }

  /// Adds a row. `measure` fills the sink; what it throws becomes the row's error.
  void row(std::string name, std::function<void(sample_sink&)> measure) {
    rows_.push_back({std::move(name), std::move(measure)});
  }
  [[nodiscard]] const std::vector<bench_row>& rows() const noexcept { return rows_; }

 private:
  Workload& work_;
  managed_budget& budget_;
  const options& options_;
  std::vector<bench_row> rows_;
};

/// The name of a row: `family/axis:value/axis:value`.
inline std::string row_name(std::string family,
                            std::initializer_list<std::pair<const char*, std::string>> axes) {
  for (const auto& [axis, value] : axes) family += std::string{"/"} + axis + ":" + value;
  return family;
}

}  // namespace cmm::bench
