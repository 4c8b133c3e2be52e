#pragma once

#include <string>
#include <vector>

#include "about.hpp"
#include "peaks.hpp"

namespace cmm::bench {

/// What the runtime tells about a GPU, for the context of the results. Throws `cuda_error`.
facts describe_gpu(int device);

/// Its name as the runtime tells it. Throws `cuda_error`.
std::string name_of_gpu(int device);

/// What its maker promises of a GPU and its link, from clocks, widths and compute capability. Throws
/// `cuda_error`.
peaks peaks_of_gpu(int device);

/// What joins two GPUs: NVLink by NVML, or the slower of their links to the host. Throws `cuda_error`.
peer_link link_between(int device, int other);

/// The NUMA nodes of the host that have ordinary memory, the nearest to a GPU first; 0 where none is visible.
std::vector<int> host_numa_nodes(int device);

/// Whether a GPU has no memory but the host's.
bool shares_host_memory(int device);

/// The platform as `tools/probe` describes it, in JSON.
std::string platform_json();

}  // namespace cmm::bench
