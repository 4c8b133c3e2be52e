#pragma once

/// The library with a simulated machine as its api. Needs no GPU and no CUDA toolkit.

#include "core/requirements.hpp"

#include "cmm.hpp"
#include "sim/api.hpp"
#include "sim/profiles.hpp"
