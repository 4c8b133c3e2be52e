#pragma once

#include <cmm/platform.hpp>
#include <string>

#include "record.hpp"

namespace tests {

/// The description of a machine in tests/machines.
inline cmm::platform::description machine(const std::string& name) {
  cmm::probe::recorded from{std::string{CMM_MACHINES} + "/" + name};
  return cmm::platform::describe(from.files, from.known.given);
}

/// The same when neither CUDA nor NVML answers.
inline cmm::platform::description machine_without_cuda(const std::string& name) {
  cmm::probe::recorded from{std::string{CMM_MACHINES} + "/" + name};
  cmm::platform::answers given;
  given.no_cuda = given.no_nvml = "a test leaves it out";
  given.architecture = from.known.given.architecture;
  given.page_bytes = from.known.given.page_bytes;
  return cmm::platform::describe(from.files, given);
}

/// The same with CUDA, on a driver without NVML.
inline cmm::platform::description machine_without_nvml(const std::string& name) {
  cmm::probe::recorded from{std::string{CMM_MACHINES} + "/" + name};
  cmm::platform::answers given = from.known.given;
  given.no_nvml = "libnvidia-ml.so.1 cannot be loaded";
  given.driver.clear();
  for (auto& each : given.gpus) each.nvml.clear();
  return cmm::platform::describe(from.files, given);
}

}  // namespace tests
