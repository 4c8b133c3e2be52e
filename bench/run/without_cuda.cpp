#ifndef CMM_BENCH_CUDA

#include <cmm/core/error.hpp>

#include "gpu.hpp"

namespace cmm::bench {

std::string why_no_gpu() { return "this cmm_bench was built without a CUDA toolkit"; }

int run_on_cuda(const options&) { throw bad_text{why_no_gpu() + "; install one and build again"}; }

}  // namespace cmm::bench

#endif
