#pragma once

#include <limits>
#include <memory>
#include <new>
#include <type_traits>

#include "host_blocks.hpp"

namespace cmm {

/// Gives a block back in the order of `stream`, which may be set anew to that of the last user.
template <allocator Allocator>
struct stream_deleter {
  Allocator* memory = nullptr;
  cmm::block block{};
  cmm::stream stream{};
  std::size_t alignment = guaranteed_alignment;

  void operator()(void* data) const noexcept {
    detail::give_block(*memory, cmm::block{data, block.bytes, block.device}, alignment, stream);
  }
};

/// Owns an object or an array in memory of a built allocator, which must outlive it.
template <class T, allocator Allocator>
using unique_ptr = std::unique_ptr<T, stream_deleter<Allocator>>;

namespace detail {

template <class T, bridgeable Allocator>
unique_ptr<T, Allocator> make_unique(Allocator& memory, std::size_t count, stream s) {
  using element = std::remove_extent_t<T>;
  static_assert(
      std::is_trivially_destructible_v<element>,
      "cmm: make_unique() takes types with trivial destructors; another destructor would run on the "
      "host before the work in the stream is done, and could not run at all on device memory");
  if (count > std::numeric_limits<std::size_t>::max() / sizeof(element)) throw std::bad_array_new_length{};
  const block fresh = take_block(memory, count * sizeof(element), alignof(element), s, current_device);
  return {static_cast<element*>(fresh.data), stream_deleter<Allocator>{&memory, fresh, s, alignof(element)}};
}

}  // namespace detail

/// An array of `count` objects, not initialized, for use in the order of the stream:
/// `make_unique<float[]>(memory, 1024, s)`. Exhaustion: `std::bad_alloc`; `std::bad_array_new_length` when
/// the bytes overflow.
template <class T, bridgeable Allocator>
requires std::is_unbounded_array_v<T>
[[nodiscard]] unique_ptr<T, Allocator> make_unique(Allocator& memory, std::size_t count, stream s = {}) {
  return detail::make_unique<T>(memory, count, s);
}

/// A count of what is no array is a compile error that says what to write.
template <class T, bridgeable Allocator>
requires(!std::is_array_v<T>) void make_unique(Allocator&, std::size_t, stream = {}) {
  static_assert(std::is_array_v<T>, "cmm: for an array write make_unique<T[]>(memory, count, stream)");
}

/// One object, not initialized, for use in the order of the stream.
template <class T, bridgeable Allocator>
requires(!std::is_array_v<T>)
    [[nodiscard]] unique_ptr<T, Allocator> make_unique(Allocator& memory, stream s = {}) {
  return detail::make_unique<T>(memory, 1, s);
}

}  // namespace cmm
