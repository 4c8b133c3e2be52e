#pragma once

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../core/requirements.hpp"

namespace cmm::platform {

/// What CUDA or NVML answered, by the name of the question.
using named_numbers = std::map<std::string, std::int64_t>;

/// What CUDA and NVML say of one GPU. What they do not answer is absent.
///
/// `cuda` is keyed by CUDA's own names, such as "cudaDevAttrHostNumaId", beside "cudaMemGetInfo.free" and
/// ".total" in bytes. The keys of `nvml` are listed in `cuda/platform_answers.hpp`.
struct gpu_answers {
  std::string name{};
  std::string bus{};  ///< PCI address as in /sys/bus/pci/devices, such as "0009:01:00.0"
  named_numbers cuda{};
  named_numbers nvml{};

  friend bool operator==(const gpu_answers&, const gpu_answers&) = default;
};

/// What CUDA, NVML and the C library answered on a machine, as plain data that can be recorded.
struct answers {
  std::string no_cuda{};                       ///< why CUDA did not answer; empty when it did
  std::string no_nvml{};                       ///< why NVML did not answer; empty when it did
  std::optional<std::int64_t> cuda_driver{};   ///< the newest CUDA of the driver, 13000 for 13.0
  std::optional<std::int64_t> cuda_runtime{};  ///< the CUDA runtime of the program
  std::string driver{};                        ///< by NVML, such as "580.95.05"
  std::optional<std::int64_t> page_bytes{};    ///< of the host
  std::string architecture{};                  ///< by uname, such as "aarch64"
  std::vector<gpu_answers> gpus{};
  std::map<std::string, std::string> environment{};  ///< variables of Slurm about memory

  friend bool operator==(const answers&, const answers&) = default;
};

/// Variables of Slurm that tell how much memory a job has.
inline std::map<std::string, std::string> memory_variables() {
  std::map<std::string, std::string> set;
  for (const char* name : {"SLURM_JOB_ID", "SLURM_MEM_PER_NODE", "SLURM_MEM_PER_CPU", "SLURM_MEM_PER_GPU",
                           "SLURM_CPUS_ON_NODE", "SLURM_GPUS_ON_NODE"}) {
    if (const char* const value = std::getenv(name)) set[name] = value;
  }
  return set;
}

/// What this process knows without CUDA, and why it goes without.
inline answers answers_without_cuda(std::string why) {
  answers known;
  known.no_cuda = known.no_nvml = std::move(why);
  known.environment = memory_variables();
  if (const long page = ::sysconf(_SC_PAGESIZE); page > 0) known.page_bytes = page;
  ::utsname system{};
  if (::uname(&system) == 0) known.architecture = system.machine;
  return known;
}

}  // namespace cmm::platform
