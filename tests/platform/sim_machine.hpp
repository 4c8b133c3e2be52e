#pragma once

#include <algorithm>
#include <cmm/sim.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "trial.hpp"

namespace tests {

/// A simulated machine as the probe tries a real one.
class sim_machine {
 public:
  explicit sim_machine(const cmm::sim::profile& on) : machine{on, cmm::sim::backing::none} {
    for (int device = 0; device < on.devices; ++device) streams_.push_back(machine.create_stream(device));
  }

  [[nodiscard]] cmm::sim::api api() { return cmm::sim::api{machine}; }
  [[nodiscard]] cmm::stream stream(int device) const { return streams_.at(static_cast<std::size_t>(device)); }
  double gpu_pass(void* data, std::size_t bytes, int device) {
    const auto begin = machine.now();
    cmm::detail::check(machine.gpu_touch(data, bytes, cmm::sim::access::write, device, stream(device)),
                       "touching");
    cmm::detail::check(api().synchronize(stream(device)), "waiting");
    return static_cast<double>(bytes) / static_cast<double>(machine.now() - begin);
  }
  void cpu_touch(void* data, std::size_t bytes) {
    cmm::detail::check(machine.cpu_touch(data, bytes, cmm::sim::access::write), "touching");
    largest = std::max(largest, bytes);
  }
  std::string bind(void* data, std::size_t bytes, int node) {
    if (!binds) return "mbind failed: Operation not permitted";
    const cmm::location there = cmm::location::host_numa(node);
    cmm::detail::check(api().advise(data, bytes, cmm::advice::preferred_location, there), "binding");
    return "";
  }
  std::vector<cmm::probe::page_place> pages(void* data, std::size_t bytes) {
    std::vector<cmm::probe::page_place> found;
    if (!tells_pages) return found;
    for (const auto& [where, size] : machine.residency(data, bytes)) found.push_back({where, size});
    return found;
  }

  cmm::sim::machine machine;
  bool tells_pages = true;
  bool binds = true;
  std::size_t largest = 0;

 private:
  std::vector<cmm::stream> streams_;
};

}  // namespace tests
