#pragma once

#include "kv/cache.hpp"              // IWYU pragma: export
#include "kv/layout.hpp"             // IWYU pragma: export
#include "kv/mover.hpp"              // IWYU pragma: export
#include "kv/mover_text.hpp"         // IWYU pragma: export
#include "kv/placement/any.hpp"      // IWYU pragma: export
#include "kv/placement/both.hpp"     // IWYU pragma: export
#include "kv/placement/fixed.hpp"    // IWYU pragma: export
#include "kv/placement/hot_set.hpp"  // IWYU pragma: export
#include "kv/placement/on_use.hpp"   // IWYU pragma: export
#include "kv/placement/pinned.hpp"   // IWYU pragma: export
#include "kv/placement/remote.hpp"   // IWYU pragma: export
#include "kv/placement_text.hpp"     // IWYU pragma: export
#include "kv/plan.hpp"               // IWYU pragma: export
#include "kv/range.hpp"              // IWYU pragma: export
#include "kv/residency.hpp"          // IWYU pragma: export
#include "kv/staging.hpp"            // IWYU pragma: export
#include "kv/views/block_table.hpp"  // IWYU pragma: export
#include "kv/views/paged_batch.hpp"  // IWYU pragma: export
#include "kv/views/two_pools.hpp"    // IWYU pragma: export
