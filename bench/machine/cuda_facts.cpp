#ifdef CMM_BENCH_CUDA

#include "cuda_facts.hpp"

#include <algorithm>
#include <cmm/cuda.hpp>
#include <cmm/cuda/nvlink.hpp>
#include <cmm/cuda/platform_answers.hpp>
#include <cmm/platform.hpp>

#include "nvlink.hpp"

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

/// Asked once; it does not change while the program runs.
const platform::description& this_machine() {
  static const platform::description asked = [] {
    platform::files files;
    return platform::describe(files, cuda::platform_answers());
  }();
  return asked;
}

const platform::gpu* known_gpu(int device) {
  const auto& gpus = this_machine().gpus;
  return static_cast<std::size_t>(device) < gpus.size() ? &gpus[static_cast<std::size_t>(device)] : nullptr;
}

/// Dense matrix products: FLOP for each clock and multiprocessor, from NVIDIA's white papers and data sheets;
/// of a generation's parts, the fastest.
struct arithmetic {
  int capability;
  double bf16;
  double fp8;
  double fp32;
};
constexpr arithmetic known[] = {{80, 2048, 0, 128},     {86, 1024, 0, 256},      {89, 1024, 2048, 256},
                                {90, 4096, 8192, 256},  {100, 8192, 16384, 256}, {103, 8192, 16384, 256},
                                {120, 1024, 2048, 256}, {121, 1024, 2048, 256}};

}  // namespace

std::string name_of_gpu(int device) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  return properties.name;
}

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
  const double clocks =
      ask(cudaDevAttrMultiProcessorCount, device) * ask(cudaDevAttrClockRate, device) * 1e-6;
  peaks result;
  if (const platform::gpu* const gpu = known_gpu(device); gpu != nullptr) {
    result.hbm = gpu->memory_rate.value_or(0);
    result.link = gpu->link_rate.value_or(0);
    result.link_both = 2 * result.link;
  }
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

peer_link link_between(int device, int other) {
  const auto major = static_cast<int>(ask(cudaDevAttrComputeCapabilityMajor, device));
  const peer_link direct = joined_by(cuda::nvlinks_between(device, other), major);
  const platform::gpu* const one = known_gpu(device);
  const platform::gpu* const two = known_gpu(other);
  if (direct.rate > 0 || one == nullptr || two == nullptr) return direct;
  const platform::gpu& slower = one->link_rate.value_or(0) <= two->link_rate.value_or(0) ? *one : *two;
  return {slower.link_rate.value_or(0), slower.link.value_or("link") + " of the slower GPU"};
}

std::vector<int> host_numa_nodes(int device) {
  std::vector<int> nodes;
  for (const platform::node& each : this_machine().nodes) {
    if (each.role.value_or(platform::node_role::unclear) == platform::node_role::host)
      nodes.push_back(each.id);
  }
  const platform::gpu* const gpu = known_gpu(device);
  const int nearest = gpu == nullptr ? 0 : gpu->nearest_node.value_or(0);
  std::stable_partition(nodes.begin(), nodes.end(), [&](int node) { return node == nearest; });
  return nodes.empty() ? std::vector{0} : nodes;
}

bool shares_host_memory(int device) {
  const platform::gpu* const gpu = known_gpu(device);
  return gpu != nullptr && gpu->shares_host_memory();
}

std::string platform_json() { return platform::to_json(this_machine()); }

}  // namespace cmm::bench

#endif
