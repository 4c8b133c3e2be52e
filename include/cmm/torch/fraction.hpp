#pragma once

#include <cmath>
#include <cstddef>
#include <string>

#include "../core/api.hpp"
#include "../core/error.hpp"

namespace cmm::torch {

/// A share of a device's memory, from 0 to 1, in bytes. Throws `bad_request`, and `cuda_error` where the
/// device does not tell its size.
template <api Api>
std::size_t bytes_of_fraction(Api& api, double fraction, int device) {
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
  std::size_t free = 0;
  std::size_t total = 0;
  cmm::detail::check(api.memory_info(location::device(device), free, total), "asking for a device's size");
  return static_cast<std::size_t>(std::floor(fraction * static_cast<double>(total)));
}

}  // namespace cmm::torch
