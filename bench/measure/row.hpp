#pragma once

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace cmm::bench {

/// The best a row could do, in nanoseconds, and what sets that limit. 0 where nothing does.
struct bound {
  double nanoseconds = 0;
  std::string name;        ///< such as "H2D by copy engine"
  bool published = false;  ///< a maker's or a standard's figure, not one measured in this run
};

/// One row's samples in nanoseconds, and what each of them does.
struct sample_sink {
  std::vector<double> nanoseconds;
  std::size_t bytes = 0;  ///< moved by one sample, 0 where time alone matters
  std::size_t pages = 0;  ///< touched by one sample, 0 where they do not matter
  double flops = 0;       ///< done by one sample, 0 where none matter
  bound limit;

  std::vector<double> reference;  ///< of a baseline, taken in turn with the row's own
};

/// Thrown by a case that this machine cannot run. The row is skipped and says why; that is no failure.
struct skipped : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Thrown by a case that got no memory.
struct ran_out : std::runtime_error {
  ran_out(std::size_t wanted, const std::string& size)
      : std::runtime_error{"memory ran out at " + size + "; free some, or see --max-managed"},
        bytes{wanted} {}
  std::size_t bytes;
};

/// A row of the results, before it has run.
struct bench_row {
  std::string name;
  std::function<void(sample_sink&)> measure;
};

}  // namespace cmm::bench
