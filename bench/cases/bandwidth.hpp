#pragma once

#include "bandwidth_gpu.hpp"
#include "bandwidth_link.hpp"
#include "bandwidth_peer.hpp"
#include "latency.hpp"

namespace cmm::bench {

/// How fast bytes move: across the link by copy engine and by kernels, for each kind of memory and NUMA node;
/// within GPU memory; between GPUs; and how long one load waits.
template <workload Workload>
void add_bandwidth(suite<Workload>& s) {
  bandwidth::add_link(s);
  bandwidth::add_gpu(s);
  bandwidth::add_peers(s);
  bandwidth::add_latency(s);
}

}  // namespace cmm::bench
