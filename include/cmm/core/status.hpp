#pragma once

#include "requirements.hpp"

namespace cmm {

/// What an api call answered. The numbers are those of `cudaError_t`, so no table translates them.
enum class errc : int {
  success = 0,
  invalid_value = 1,
  out_of_memory = 2,
  not_initialized = 3,
  insufficient_driver = 35,
  no_device = 100,
  invalid_device = 101,
  not_ready = 600,
  illegal_address = 700,
  not_permitted = 800,
  not_supported = 801,
  capture_unsupported = 900,
  capture_implicit = 906,
};

/// The answer of one api call and the call's name, which every error repeats.
struct [[nodiscard]] status {
  errc code = errc::success;
  const char* call = "";

  /// Whether the call succeeded, and whether memory is what it lacked.
  [[nodiscard]] constexpr bool ok() const noexcept { return code == errc::success; }
  [[nodiscard]] constexpr bool out_of_memory() const noexcept { return code == errc::out_of_memory; }
};

/// What the code means and what to do about it, in one clause.
constexpr const char* describe(errc code) noexcept {
  switch (code) {
    case errc::success: return "it succeeded";
    case errc::invalid_value: return "an argument is not valid; check the size, the location and the pointer";
    case errc::out_of_memory: return "memory ran out";
    case errc::not_initialized:
      return "CUDA cannot be initialized here; in a forked child, build the allocator after the fork";
    case errc::insufficient_driver:
      return "no NVIDIA driver was found, or it is older than this CUDA runtime; install or update it";
    case errc::no_device: return "no GPU was found; use a machine with one, or the simulated api";
    case errc::invalid_device: return "there is no such device or NUMA node, or it cannot do this";
    case errc::not_ready: return "the work has not finished yet";
    case errc::illegal_address: return "an earlier kernel used an illegal address; the process must restart";
    case errc::not_permitted: return "this is not permitted now";
    case errc::not_supported: return "this machine does not support it";
    case errc::capture_unsupported:
      return "it cannot run while the stream is being captured; make the call before, or use managed or "
             "device as "
             "the source";
    case errc::capture_implicit: return "it would join a capture that another stream began";
  }
  return "see the CUDA documentation of this code";
}

}  // namespace cmm
