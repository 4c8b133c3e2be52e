#pragma once

#include <memory>
#include <string>

#include "../profile/file.hpp"
#include "../sim.hpp"
#include "../sim/page_copier.hpp"

namespace cmm::python {

/// A simulated machine under a library: for tests, with no GPU and no CUDA. Addresses are real and may be
/// read and written by the program, those of HBM too.
class on_sim {
 public:
  using copier = sim::page_copier;
  static constexpr int runtime = 0;

  /// A machine of a profile by its name or file. Throws `bad_text`.
  explicit on_sim(const char* profile)
      : profile_{sim::find_machine(profile)}, machine_{std::make_shared<sim::machine>(*profile_)} {}

  [[nodiscard]] std::string name() const { return std::string{"sim:"} + machine_->profile().name; }
  [[nodiscard]] sim::api api() const { return sim::api{*machine_}; }
  [[nodiscard]] copier make_copier(int device) const { return copier{*machine_, device < 0 ? 0 : device}; }

 private:
  sim::machine_profile profile_;  ///< holds the texts of the machine's
  std::shared_ptr<sim::machine> machine_;
};

}  // namespace cmm::python
