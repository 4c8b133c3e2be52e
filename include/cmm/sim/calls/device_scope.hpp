#pragma once

#include "../../core/block.hpp"
#include "../machine.hpp"

namespace cmm::sim {

/// Sends the thread's calls to a device until its end; `current_device` leaves the thread's own.
class device_scope {
 public:
  device_scope(machine& on, int device) : machine_{on} {
    result_ = machine_.call("cudaGetDevice", [&](state& s) {
      device_ = before_ = s.device();
      s.clock.overlap(s.machine.calls.ask);
      return errc::success;
    });
    if (!result_.ok() || device == current_device || device == before_) return;
    result_ = machine_.call("cudaSetDevice", [&](state& s) {
      if (!s.known_device(device)) return errc::invalid_device;
      s.device() = device_ = device;
      return errc::success;
    });
  }
  device_scope(const device_scope&) = delete;
  device_scope& operator=(const device_scope&) = delete;
  ~device_scope() {
    if (device_ != before_) machine_.inspect([this](state& s) { s.device() = before_; });
  }

  [[nodiscard]] status result() const noexcept { return result_; }
  [[nodiscard]] int device() const noexcept { return device_; }

 private:
  machine& machine_;
  status result_{};
  int before_ = 0;
  int device_ = 0;
};

}  // namespace cmm::sim
