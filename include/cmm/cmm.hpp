#pragma once

/// The library without CUDA: words, sources, policies, layers and recipes. With a CUDA toolkit add
/// `cmm/cuda.hpp`; for the simulated machine, `cmm/sim.hpp`; to read recipes from text,
/// `cmm/recipe_text.hpp`.

#include "core/requirements.hpp"

#include "core/recipe.hpp"
#include "layer/limit.hpp"
#include "layer/locked.hpp"
#include "layer/pool.hpp"
#include "layer/record_streams.hpp"
#include "layer/spill.hpp"
#include "layer/stats.hpp"
#include "layer/trace.hpp"
#include "policy/advise_only.hpp"
#include "policy/always_prefetch.hpp"
#include "policy/egm_numa.hpp"
#include "policy/read_mostly.hpp"
#include "policy/strict.hpp"
#include "policy/threshold_prefetch.hpp"
#include "policy/when.hpp"
#include "source/device.hpp"
#include "source/device_pool.hpp"
#include "source/managed.hpp"
#include "source/managed_pool.hpp"
#include "source/null.hpp"
#include "source/system.hpp"
#include "version.hpp"

namespace cmm {
struct tiered;  // cmm: include <cmm/source/tiered.hpp>
}  // namespace cmm
