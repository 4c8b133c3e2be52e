#pragma once

#include "support/laws.hpp"
#include "support/world.hpp"

/// Every configuration, on the simulated machine; made in a translation unit of its own.
const std::vector<tests::configuration<tests::sim_world>>& simulated();
