#ifdef CMM_BENCH_CUDA

#include <cstdio>

#include "../workload/cuda_workload.hpp"
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
  int count = 0;
  detail::check(cuda::api::device_count(count), "counting the GPUs");
  std::vector<std::unique_ptr<cuda_workload>> gpus;
  for (int device = 0; device < count; ++device) {
    gpus.push_back(std::make_unique<cuda_workload>(device));
    if (!wanted.list) std::printf("GPU %d: %s\n", device, name_of_gpu(device).c_str());
  }
  return run_on(gpus, wanted);
}

}  // namespace cmm::bench

#endif
