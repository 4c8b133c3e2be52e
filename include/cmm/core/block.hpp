#pragma once

#include <cstddef>

#include "stream.hpp"

namespace cmm {

/// The device of the calling thread, resolved when the block is taken.
inline constexpr int current_device = -1;

/// The alignment every source guarantees, in bytes; the largest one a request may ask for.
inline constexpr std::size_t guaranteed_alignment = 256;

/// What is asked of an allocator. The memory may be used in the order of `stream`.
struct request {
  std::size_t bytes = 0;
  cmm::stream stream{};
  int device = current_device;
  std::size_t alignment = guaranteed_alignment;
};

/// What an allocator hands out: `bytes` bytes at `data`, placed for `device`. Empty when memory ran out.
struct block {
  void* data = nullptr;
  std::size_t bytes = 0;
  int device = current_device;

  explicit constexpr operator bool() const noexcept { return data != nullptr; }
  template <class T>
  operator T*() const = delete;  // cmm: a block is no pointer; its address is block.data
  friend constexpr bool operator==(const block&, const block&) noexcept = default;
  friend bool operator==(const block&, std::nullptr_t) = delete;  // cmm: an empty block is false: if (!block)
};

}  // namespace cmm
