#ifdef CMM_BENCH_CUDA

#include <cstdio>

#include "cuda_workload.hpp"
#include "gpu.hpp"
#include "run.hpp"

namespace cmm::bench {

std::string why_no_gpu() {
  int count = 0;
  const status asked = cuda::api::device_count(count);
  if (!asked.ok()) return describe(asked.code);
  return count == 0 ? "no GPU was found" : "";
}

int run_on_cuda(const options& wanted) {
  cuda_workload work;
  if (!wanted.list) std::printf("platform: %s\n", cuda_workload::describe()[2].second.c_str());
  return run_on(work, wanted);
}

}  // namespace cmm::bench

#endif
