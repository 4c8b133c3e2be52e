#pragma once

/// The library with the CUDA runtime as its api. Needs a CUDA toolkit of version 13 or newer.

#include "core/requirements.hpp"

#include "cmm.hpp"
#include "cuda/api.hpp"
