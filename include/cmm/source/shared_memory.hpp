#pragma once

#include <unistd.h>

#include <cstddef>
#include <utility>

#include "../core/location.hpp"

namespace cmm {

/// A part of a range as other processes can import it: `bytes` bytes from `offset` on, behind one descriptor,
/// which is closed at the end.
class shared_memory {
 public:
  /// Where it begins in the range, how many bytes it has, and in which memory they are.
  std::size_t offset = 0;
  std::size_t bytes = 0;
  location where{};

  shared_memory(std::size_t from, std::size_t size, location at, int descriptor) noexcept
      : offset{from}, bytes{size}, where{at}, descriptor_{descriptor} {}
  shared_memory(shared_memory&& other) noexcept
      : offset{other.offset},
        bytes{other.bytes},
        where{other.where},
        descriptor_{std::exchange(other.descriptor_, -1)} {}
  shared_memory& operator=(shared_memory&& other) noexcept {
    offset = other.offset;
    bytes = other.bytes;
    where = other.where;
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~shared_memory() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// The same, which is then the caller's to close.
  [[nodiscard]] int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

}  // namespace cmm
