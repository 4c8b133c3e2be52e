#pragma once

#include <algorithm>
#include <cstdint>
#include <new>
#include <string>

#include "../core/concepts.hpp"

namespace cmm {

/// An allocator that also tells its api, which the bridges need to wait for a stream.
template <class Allocator>
concept bridgeable = allocator<Allocator> && requires(Allocator& a) {
  requires api<std::remove_cvref_t<decltype(a.api())>>;
};

namespace detail {

/// The device that blocks of a bridge belong to, for good; it asks the api only for `current_device`.
template <bridgeable Allocator>
int fixed_device(Allocator& memory, int device) {
  if (device != current_device) return device;
  const auto here = memory.api().enter(device);
  check(here.result(), "finding the current device");
  return here.device();
}

/// Bytes in the order of a stream; `std::bad_alloc` when memory ran out. Zero bytes are served as one.
template <bridgeable Allocator>
block take_block(Allocator& memory, std::size_t bytes, std::size_t alignment, stream s, int device) {
  if (alignment > guaranteed_alignment) {
    throw bad_request{"an alignment of " + std::to_string(alignment) + " was asked for; at most " +
                      std::to_string(guaranteed_alignment) + " can be had"};
  }
  const block fresh =
      memory.allocate(request{.bytes = std::max<std::size_t>(bytes, 1), .stream = s, .device = device});
  if (!fresh) throw std::bad_alloc{};
  return fresh;
}

/// Waits until work of a stream is done, on behalf of host code; an error while the stream is captured,
/// because a wait would spoil the capture.
template <api Api>
void wait_for(Api& api, stream s, int device) {
  const auto here = api.enter(device);
  check(here.result(), "entering the device of a block");
  std::uint64_t capture = 0;
  const status asked = api.capture_of(s, capture);
  if (asked.ok() && capture != 0)
    fail({errc::capture_unsupported, "cudaStreamSynchronize"}, "serving host code");
  check(asked, "serving host code");
  check(api.synchronize(s), "serving host code");
}

/// Bytes that the host may use at once: earlier work on reused memory, and its placement, are done.
template <bridgeable Allocator>
void* take_for_host(Allocator& memory, std::size_t bytes, std::size_t alignment, stream s, int device) {
  const block fresh = take_block(memory, bytes, alignment, s, device);
  try {
    wait_for(memory.api(), s, device);
  } catch (...) {
    memory.deallocate(fresh, s);
    throw;
  }
  return fresh.data;
}

template <bridgeable Allocator>
void give_block(Allocator& memory, void* data, std::size_t bytes, stream s, int device) noexcept {
  if (data != nullptr) memory.deallocate(block{data, std::max<std::size_t>(bytes, 1), device}, s);
}

}  // namespace detail
}  // namespace cmm
