#pragma once

#include <string>
#include <vector>

#include <cmm/profile/draft.hpp>
#include "measured.hpp"

namespace cmm::bench {

/// What came of a calibration.
struct calibration {
  sim::machine_profile made;
  const char* base = "";  ///< the known machine it was made from
  double host = 1;        ///< how much longer than on the base this host takes for calls
  std::vector<std::string> notes;
};

/// Makes a profile of this name from runs of one machine: the twelve figures by how long their rows took,
/// every other call of the host by one factor, what the runs, the probe and the chip's data sheet tell, and
/// the rest as on the most similar machine that is known, which is *assumed*.
///
/// A row tells half of what it differs from those of its kind, calls of the host or work on pages, since rows
/// of two runs of one machine differ as much; beyond a factor of two it tells all. A host that was measured
/// at two speeds has the faster one: other work may slow it down, and nothing makes it faster.
///
/// A row that the machine skips leaves its figure assumed. Throws `bad_text` that names the rows that are
/// missing.
calibration calibrate(const measured_runs& run, const std::string& name);

}  // namespace cmm::bench
