#pragma once

#include <cmm/profile/file.hpp>
#include <cmm/sim.hpp>
#include <cmm/sim/page_copier.hpp>
#include <string>

#include "sim_model.hpp"

namespace engine {

/// A simulated machine: the content of its memory is real, its time is predicted.
class sim_backend {
 public:
  using model = sim_model;
  static constexpr std::int32_t element_bytes = sizeof(float);
  static constexpr bool same_in_any_batch = true;

  explicit sim_backend(const std::string& profile)
      : profile_{cmm::sim::find_machine(profile)},
        machine_{*profile_},
        copier_{machine_},
        stream_{machine_.create_stream()},
        beside_{machine_.create_stream()} {}

  [[nodiscard]] cmm::sim::machine& machine() noexcept { return machine_; }
  [[nodiscard]] cmm::sim::api api() noexcept { return cmm::sim::api{machine_}; }
  [[nodiscard]] cmm::sim::page_copier& copier() noexcept { return copier_; }
  [[nodiscard]] cmm::stream stream() const noexcept { return stream_; }
  [[nodiscard]] cmm::stream beside() const noexcept { return beside_; }
  [[nodiscard]] double seconds() {
    cmm::detail::check(api().synchronize(stream_), "waiting for a step");
    return static_cast<double>(machine_.now()) * 1e-9;
  }
  [[nodiscard]] std::string text() const {
    return "simulated " + std::string{machine_.profile().name} + "; times are predicted, contents are real";
  }

 private:
  cmm::sim::machine_profile profile_;  ///< holds the texts of the machine's
  cmm::sim::machine machine_;
  cmm::sim::page_copier copier_;
  cmm::stream stream_;
  cmm::stream beside_;
};

}  // namespace engine
