#ifdef CMM_BENCH_CUDA

#include "cuda_facts.hpp"

#include <algorithm>
#include <cmm/cuda.hpp>

namespace cmm::bench {
namespace {

void check(cudaError_t code, const char* call) {
  if (code != cudaSuccess) detail::fail(cuda::answer(code, call), "describing the GPU");
}

double ask(cudaDeviceAttr what, int device) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, what, device), "cudaDeviceGetAttribute");
  return value;
}

/// Dense matrix products: FLOP for each clock and multiprocessor, from NVIDIA's architecture white papers.
struct arithmetic {
  int capability;
  double bf16;
  double fp8;
  double fp32;
};
constexpr arithmetic known[] = {{80, 2048, 0, 128},
                                {86, 512, 0, 256},
                                {89, 1024, 2048, 256},
                                {90, 4096, 8192, 256},
                                {100, 8192, 16384, 256}};

}  // namespace

facts describe_gpu(int device) {
  cudaDeviceProp properties{};
  int driver = 0;
  int runtime = 0;
  check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
  check(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion");
  facts result{{"platform", "cuda"},
               {"simulated", "false"},
               {"gpu", properties.name},
               {"gpu_memory_bytes", std::to_string(properties.totalGlobalMem)},
               {"multiprocessors", std::to_string(properties.multiProcessorCount)},
               {"cuda_driver_api", std::to_string(driver)},
               {"cuda_runtime", std::to_string(runtime)}};
  constexpr std::pair<const char*, attribute> attributes[] = {
      {"concurrent_managed_access", attribute::concurrent_managed_access},
      {"pageable_memory_access", attribute::pageable_memory_access},
      {"host_numa_id", attribute::host_numa_id},
      {"host_numa_pools", attribute::host_numa_pools},
      {"managed_pools", attribute::managed_pools},
      {"egm", attribute::egm}};
  for (const auto& [name, what] : attributes) {
    int value = 0;
    detail::check(cuda::api{}.attribute(device, what, value), "describing the GPU");
    result.emplace_back(name, std::to_string(value));
  }
  return result;
}

peaks peaks_of_gpu(int device) {
  constexpr double both_edges = 2;
  constexpr double bits = 8;
  const double kilohertz = ask(cudaDevAttrClockRate, device);
  const double clocks = ask(cudaDevAttrMultiProcessorCount, device) * kilohertz * 1e-6;
  peaks result;
  result.hbm = ask(cudaDevAttrMemoryClockRate, device) * 1e-6 * both_edges *
               ask(cudaDevAttrGlobalMemoryBusWidth, device) / bits;
  const auto capability = static_cast<int>(ask(cudaDevAttrComputeCapabilityMajor, device) * 10 +
                                           ask(cudaDevAttrComputeCapabilityMinor, device));
  for (const arithmetic& each : known) {
    if (each.capability != capability) continue;
    result.bf16 = clocks * each.bf16;
    result.fp8 = clocks * each.fp8;
    result.fp32 = clocks * each.fp32;
  }
  return result;
}

std::vector<int> host_numa_nodes() {
  int node = 0;
  detail::check(cuda::api{}.attribute(0, attribute::host_numa_id, node), "asking for the nearest NUMA node");
  return {std::max(node, 0)};
}

}  // namespace cmm::bench

#endif
