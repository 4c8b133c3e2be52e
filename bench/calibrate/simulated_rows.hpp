#pragma once

#include <cstddef>
#include <string>

#include <cmm/profile/draft.hpp>

namespace cmm::bench {

/// The median of a row on a simulated machine, in nanoseconds, under a budget of managed memory. Throws
/// `bad_text` where there is no such row, and what the row throws.
double simulated_row(const sim::machine_profile& of, std::size_t budget, const std::string& row);

}  // namespace cmm::bench
