#pragma once

/// What a machine's memory is and how that is known. Needs no GPU and no CUDA toolkit.

#include "core/requirements.hpp"

#include "platform/describe.hpp"
#include "platform/json.hpp"
#include "platform/text.hpp"
