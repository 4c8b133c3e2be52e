#pragma once

#include "kv/layout.hpp"  // IWYU pragma: export
#include "kv/plan.hpp"    // IWYU pragma: export
