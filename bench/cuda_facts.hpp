#pragma once

#include "workload.hpp"

namespace cmm::bench {

/// What the runtime tells about a GPU, for the context of the results. Throws `cuda_error`.
facts describe_gpu(int device);

/// What its maker promises of a GPU, from its clocks, widths and compute capability. Throws `cuda_error`.
peaks peaks_of_gpu(int device);

/// The NUMA nodes of the host that have ordinary memory.
std::vector<int> host_numa_nodes();

}  // namespace cmm::bench
