#include <cuda_runtime_api.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <cstdlib>

namespace {

/// Ends the program before its first test where no GPU answers: exit 77, which CTest reports as skipped.
/// With CMM_REQUIRE_GPU set, a missing GPU is a failure.
struct gpu_answers {
  gpu_answers() {
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status == cudaSuccess && count > 0) return;
    std::printf("no GPU answers (%s); the GPU tests were not run\n", cudaGetErrorString(status));
    std::fflush(stdout);
    std::_Exit(std::getenv("CMM_REQUIRE_GPU") != nullptr ? EXIT_FAILURE : 77);
  }
};

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(gpu_answers);

/// Tells tools/test, for the price of one start, whether the others can run.
BOOST_AUTO_TEST_CASE(a_gpu_answers) {}
