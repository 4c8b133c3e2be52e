#pragma once

#include "kv/layout.hpp"      // IWYU pragma: export
#include "kv/mover.hpp"       // IWYU pragma: export
#include "kv/mover_text.hpp"  // IWYU pragma: export
#include "kv/plan.hpp"        // IWYU pragma: export
