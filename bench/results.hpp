#pragma once

#include <vector>

#include "options.hpp"
#include "row.hpp"
#include "workload.hpp"

namespace cmm::bench {

/// Runs the rows that match the filter, prints each as it ends and a table of all, then writes `results.json`
/// and `table.md` into the output folder, each whole or not at all. Returns the exit code of the process: 0,
/// or 1 when a row failed or a file could not be written. Throws `bad_text` for a filter that matches no row.
int run_rows(const std::vector<bench_row>& rows, const options& wanted, const facts& machine);

}  // namespace cmm::bench
