#include "configurations.hpp"

const std::vector<tests::configuration<tests::sim_world>>& simulated() {
  static const auto all = tests::all_configurations<tests::sim_world>();
  return all;
}
