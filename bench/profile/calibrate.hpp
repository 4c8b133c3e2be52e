#pragma once

#include <string>
#include <vector>

#include "profile/draft.hpp"
#include "profile/measured.hpp"

namespace cmm::bench {

/// What came of a calibration.
struct calibration {
  machine_profile made;
  const char* base = "";  ///< the known machine it was made from
  double host = 1;        ///< how much longer than on the base this host takes for calls
  std::vector<std::string> notes;
};

/// Makes a profile of this name from a run: the twelve figures by their rows, every other call of the host by
/// one factor, what the run, the probe and the chip's data sheet tell, and the rest as the most similar
/// machine that is known, which is *assumed*.
///
/// Throws `bad_text` that names the rows that are missing.
calibration calibrate(const measured_run& run, const std::string& name);

}  // namespace cmm::bench
