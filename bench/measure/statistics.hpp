#pragma once

#include <string>
#include <utility>
#include <vector>

#include "row.hpp"

namespace cmm::bench {

double median_of(std::vector<double> values);

/// The figures of one row, as counters of its record.
struct summary {
  std::vector<std::pair<std::string, double>> counters;

  [[nodiscard]] double median() const;  ///< nanoseconds
};

/// The figures of a row over its passes: quantiles of all samples, rates and ratios by the median. With
/// several passes, `pass_spread` is how far their medians are apart, as a share of the median. A row whose
/// median is faster than its measured limit has that median for its limit, and `limit_beaten` tells by how
/// much. Throws `std::runtime_error` where there is no sample.
summary summarize(const std::vector<sample_sink>& passes);

}  // namespace cmm::bench
