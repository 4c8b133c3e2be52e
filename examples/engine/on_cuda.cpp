#include "on_cuda.hpp"

#include <cmm/core/status.hpp>

#include "machine/cuda_backend.hpp"
#include "run.hpp"

namespace engine {

std::string why_no_gpu() {
  int count = 0;
  const cmm::status asked = cmm::cuda::api::device_count(count);
  if (!asked.ok()) return cmm::describe(asked.code);
  return count == 0 ? "no GPU was found" : "";
}

int run_on_cuda(const options& how) {
  cuda_backend on;
  return run(on, how);
}

}  // namespace engine
