#pragma once

#include <cmath>
#include <mutex>
#include <string>
#include <vector>

#include "../core/api.hpp"
#include "../core/error.hpp"

namespace cmm::torch {

/// The share of each device's memory that the process may use; 1 unless set. Thread-safe.
class fractions {
 public:
  /// Sets one device's share, from 0 to 1, and gives the budget over all devices, in bytes. Throws
  /// `bad_request`, and `cuda_error` where a device does not tell its size.
  template <api Api>
  std::size_t set(Api& api, double fraction, int device) {
    int count = 0;
    cmm::detail::check(api.device_count(count), "counting the devices");
    if (!(fraction >= 0 && fraction <= 1)) {
      throw bad_request{"a memory fraction of " + std::to_string(fraction) +
                        " was asked for; it must be from 0 to 1"};
    }
    if (device < 0 || device >= count) {
      throw bad_request{"a memory fraction was set for device " + std::to_string(device) +
                        "; this machine has " + std::to_string(count) + ", counted from 0"};
    }
    const std::scoped_lock lock{mutex_};
    of_.resize(static_cast<std::size_t>(count), 1);
    of_[static_cast<std::size_t>(device)] = fraction;
    double budget = 0;
    for (int each = 0; each < count; ++each) {
      std::size_t free = 0;
      std::size_t total = 0;
      cmm::detail::check(api.memory_info(location::device(each), free, total), "asking for a device's size");
      budget += std::floor(of_[static_cast<std::size_t>(each)] * static_cast<double>(total));
    }
    return static_cast<std::size_t>(budget);
  }

 private:
  std::mutex mutex_;
  std::vector<double> of_;
};

}  // namespace cmm::torch
