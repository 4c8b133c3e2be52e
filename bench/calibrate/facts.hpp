#pragma once

#include <string>

#include <cmm/profile/draft.hpp>
#include "measured.hpp"

namespace cmm::bench {

/// The known machine that is most like the one of a run.
const sim::profile& base_of(const measured_runs& run);

/// A profile of this name with what a run and the chip's data sheet tell of a machine; everything else is
/// *assumed* to be as on the base.
sim::profile_draft draft_of(const measured_runs& run, const std::string& name);

}  // namespace cmm::bench
