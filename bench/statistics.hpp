#pragma once

#include <string>
#include <utility>
#include <vector>

#include "row.hpp"

namespace cmm::bench {

/// The figures of one row, as counters of its record.
struct summary {
  std::vector<std::pair<std::string, double>> counters;

  [[nodiscard]] double median() const;  ///< nanoseconds
};

/// The figures of a row over its passes: quantiles of all samples, rates and ratios by the median. With
/// several passes, `pass_spread` is how far their medians are apart, as a share of the median. Throws
/// `std::runtime_error` where there is no sample.
summary summarize(const std::vector<sample_sink>& passes);

}  // namespace cmm::bench
