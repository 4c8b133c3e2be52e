#pragma once

#include <string>
#include <vector>

#include "about.hpp"
#include "peaks.hpp"

namespace cmm::bench {

/// What the runtime tells about a GPU, for the context of the results. Throws `cuda_error`.
facts describe_gpu(int device);

/// What its maker promises of a GPU and its link, from clocks, widths and compute capability. Throws
/// `cuda_error`.
peaks peaks_of_gpu(int device);

/// The NUMA nodes of the host that have ordinary memory; 0 where none is visible.
std::vector<int> host_numa_nodes();

/// The platform as `tools/probe` describes it, in JSON.
std::string platform_json();

}  // namespace cmm::bench
