#pragma once

#include <pthread.h>

#include <cstdint>

#include "../core/api.hpp"

namespace cmm::detail {

/// A stream that uses a block, told so that every thread knows it: default streams by their device,
/// per-thread ones by their thread too.
struct stream_use {
  stream handle;  ///< never null
  int device = current_device;
  std::uint64_t thread = 0;

  friend bool operator==(const stream_use&, const stream_use&) noexcept = default;
};

/// What a handle means to the calling thread, with the device of a default stream current. A captured stream
/// cannot be asked for its id; its thread's own number is then another one than before, so that it counts as
/// one more stream.
template <api Api>
status use_of(Api& api, stream s, stream_use& use) noexcept {
  use = {meant(api, s)};
  if (use.handle != stream::legacy() && use.handle != stream::per_thread()) return {};
  const auto here = api.enter(current_device);
  use.device = here.device();
  if (!here.result().ok() || use.handle == stream::legacy()) return here.result();
  std::uint64_t capture = 0;
  const status asked = api.capture_of(use.handle, capture);
  if (asked.ok() && capture == 0) return api.stream_id(use.handle, use.thread);
  use.thread = static_cast<std::uint64_t>(pthread_self());
  return {};
}

/// A handle by which the calling thread can wait for all work of a use, with its device current. For another
/// thread's default stream that is the legacy one, which waits for those of all threads.
template <api Api>
stream reachable(Api& api, const stream_use& use) noexcept {
  if (use.handle != stream::per_thread()) return use.handle;
  stream_use mine;
  return use_of(api, stream::per_thread(), mine).ok() && mine == use ? use.handle : stream::legacy();
}

}  // namespace cmm::detail
