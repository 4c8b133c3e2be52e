#pragma once

#include "kv/layout.hpp"            // IWYU pragma: export
#include "kv/placement/on_use.hpp"  // IWYU pragma: export
#include "kv/plan.hpp"              // IWYU pragma: export
#include "kv/range.hpp"             // IWYU pragma: export
#include "kv/residency.hpp"         // IWYU pragma: export
