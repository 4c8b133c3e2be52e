#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstdint>
#include <new>
#include <string>
#include <type_traits>

#include "../core/concepts.hpp"
#include "../core/over_aligned.hpp"
#include "../core/units.hpp"

namespace cmm {

/// An allocator that also tells its api, which the bridges need to wait for a stream.
template <class Allocator>
concept bridgeable = allocator<Allocator> && requires(Allocator& a) {
  requires api<std::remove_cvref_t<decltype(a.api())>>;
};

namespace detail {

/// An allocator that remembers what was aligned beyond the guarantee, as a built one does.
template <class Allocator>
concept aligns = requires(Allocator& a) {
  { a.over_aligned() } -> std::same_as<over_aligned&>;
};

/// The device that blocks of a bridge belong to, for good; it asks the api only for `current_device`.
template <bridgeable Allocator>
int fixed_device(Allocator& memory, int device) {
  if (device != current_device) return device;
  const auto here = memory.api().enter(device);
  check(here.result(), "finding the current device");
  return here.device();
}

/// Bytes in the order of a stream; `std::bad_alloc` when memory ran out. Zero bytes are served as one. More
/// than the guaranteed alignment is had by asking for more; `bad_request` for one that is no power of two.
template <bridgeable Allocator>
block take_block(Allocator& memory, std::size_t bytes, std::size_t alignment, stream s, int device) {
  if (!std::has_single_bit(alignment)) {
    throw bad_request{"an alignment of " + std::to_string(alignment) +
                      " was asked for; it must be a power of two"};
  }
  bytes = std::max<std::size_t>(bytes, 1);
  const auto take = [&](std::size_t wanted) {
    if (wanted > no_limit / 2) throw std::bad_alloc{};
    const block fresh = memory.allocate(request{.bytes = wanted, .stream = s, .device = device});
    if (!fresh) throw std::bad_alloc{};
    return fresh;
  };
  if (alignment <= guaranteed_alignment) return take(bytes);
  if constexpr (aligns<Allocator>) {
    if (bytes > no_limit / 2 || alignment > no_limit / 2) throw std::bad_alloc{};
    const block whole = take(over_aligned::bytes_for(bytes, alignment));
    try {
      return {memory.over_aligned().add(whole, alignment), bytes, whole.device};
    } catch (...) {
      memory.deallocate(whole, s);
      throw;
    }
  } else {
    throw bad_request{"an alignment of " + std::to_string(alignment) +
                      " was asked for; this allocator gives at most " + std::to_string(guaranteed_alignment) +
                      ", so use a built one"};
  }
}

/// Gives back what `take_block` gave for the same bytes and alignment.
template <allocator Allocator>
void give_block(Allocator& memory, block b, std::size_t alignment, stream s) noexcept {
  if (!b) return;
  if constexpr (aligns<Allocator>) {
    if (alignment > guaranteed_alignment) {
      if (const block whole = memory.over_aligned().take(b.data)) b = whole;
    }
  }
  memory.deallocate(b, s);
}
template <bridgeable Allocator>
void give_block(Allocator& memory, void* data, std::size_t bytes, std::size_t alignment, stream s,
                int device) noexcept {
  give_block(memory, block{data, std::max<std::size_t>(bytes, 1), device}, alignment, s);
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
    give_block(memory, fresh, alignment, s);
    throw;
  }
  return fresh.data;
}

}  // namespace detail
}  // namespace cmm
