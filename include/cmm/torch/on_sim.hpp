#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../profile/file.hpp"
#include "../sim.hpp"
#include "edge.hpp"

namespace cmm::torch {

/// A simulated machine under a library: for tests, with no GPU and no CUDA. Streams are those of the machine;
/// addresses are real and may be written by the host.
class on_sim {
 public:
  static constexpr int runtime = 0;

  /// A machine of its own, made when it is first needed, of a profile by its name or file. Throws `bad_text`.
  explicit on_sim(const char* profile) : profile_{sim::find_machine(profile)} {}
  /// A machine of the caller's.
  explicit on_sim(sim::machine& machine)
      : profile_{sim::machine_profile{}, &machine.profile()}, machine_{&machine} {}

  [[nodiscard]] std::string name() const { return std::string{"sim:"} + profile_->name; }

  sim::api api() {
    if (machine_ == nullptr) {
      own_ = std::make_shared<sim::machine>(*profile_);
      machine_ = own_.get();
    }
    return sim::api{*machine_};
  }

  static std::vector<residence> residency(sim::api& api, const void* data, std::size_t bytes, int) {
    std::vector<residence> found = api.machine().residency(data, bytes);
    if (found.empty()) throw bad_request{"this memory is of no block of the simulated machine"};
    return found;
  }
  static void need_managed(sim::api& api, const void* data, int) {
    const bool pageable = api.machine().inspect([&](sim::state& s) {
      const sim::allocation* const block = s.space.holding(data, 1);
      return block != nullptr && block->pageable();
    });
    if (!pageable) {
      throw bad_request{
          "this memory cannot migrate; it must be managed, from a recipe such as managed | pool"};
    }
  }

 private:
  sim::machine_profile profile_;
  std::shared_ptr<sim::machine> own_;
  sim::machine* machine_ = nullptr;
};

}  // namespace cmm::torch
