#pragma once

#include <vector>

#include "../machine/about.hpp"
#include "../measure/options.hpp"
#include "../measure/row.hpp"

namespace cmm::bench {

/// Runs the rows that match the filter and prints each as it ends, with the time that is left.
///
/// Results go to `results.json` in the output folder when all have run; until then to `results.partial.json`,
/// from which the same command goes on after an interrupt. Both are valid at any time. Returns the exit code
/// of the process: 0, 1 when a row failed or a file could not be written, 130 after an interrupt. Throws
/// `bad_text` for a filter that matches no row.
int run_rows(const std::vector<bench_row>& rows, const options& wanted, const about& origin);

}  // namespace cmm::bench
