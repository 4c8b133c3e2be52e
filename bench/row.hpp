#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace cmm::bench {

/// One row's samples in nanoseconds, and what each of them does.
struct sample_sink {
  std::vector<double> nanoseconds;
  std::size_t bytes = 0;        ///< moved by one sample, 0 where time alone matters
  std::size_t pages = 0;        ///< touched by one sample, 0 where they do not matter
  double limit = 0;             ///< the best this machine can do, in nanoseconds; 0 where none was measured
  const char* limit_name = "";  ///< what sets the limit

  std::vector<double> reference;  ///< of a baseline, taken in turn with the row's own
};

/// A row of the results, before it has run.
struct bench_row {
  std::string name;
  std::function<void(sample_sink&)> measure;
};

}  // namespace cmm::bench
