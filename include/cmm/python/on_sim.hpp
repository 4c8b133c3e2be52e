#pragma once

#include <memory>
#include <string>

#include "../sim.hpp"
#include "../sim/page_copier.hpp"

namespace cmm::python {

/// A simulated machine under a library: for tests, with no GPU and no CUDA. Addresses are real and may be
/// read and written by the program, those of HBM too.
class on_sim {
 public:
  using copier = sim::page_copier;
  static constexpr int runtime = 0;

  /// Throws `bad_text` for an unknown profile.
  explicit on_sim(const char* profile)
      : machine_{std::make_shared<sim::machine>(sim::find_profile(profile))} {}

  [[nodiscard]] std::string name() const { return std::string{"sim:"} + machine_->profile().name; }
  [[nodiscard]] sim::api api() const { return sim::api{*machine_}; }
  [[nodiscard]] copier make_copier(int device) const { return copier{*machine_, device < 0 ? 0 : device}; }

 private:
  std::shared_ptr<sim::machine> machine_;
};

}  // namespace cmm::python
