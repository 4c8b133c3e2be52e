#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "../../core/requirements.hpp"

namespace cmm::sim {

inline constexpr std::size_t page_bytes = std::size_t{2} << 20;

/// Whether addresses can be read and written, by lazily committed memory, or are only numbers.
enum class backing : unsigned char { real, none };

/// A range of addresses that begins at a 2 MiB boundary; given back when it dies.
///
/// Addresses without memory are never used again, so that a late use of one is noticed.
class address_range {
 public:
  address_range() noexcept = default;
  address_range(std::size_t bytes, backing how, char*& next)
      : bytes_{(bytes + page_bytes - 1) / page_bytes * page_bytes} {
    if (how == backing::none) {
      base_ = std::exchange(next, next + bytes_);
      return;
    }
    void* const mapped = mmap(nullptr, bytes_ + page_bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) return;
    const std::size_t skip = -reinterpret_cast<std::uintptr_t>(mapped) % page_bytes;
    base_ = static_cast<char*>(mapped) + skip;
    mapped_ = true;
    if (skip != 0) munmap(mapped, skip);
    munmap(base_ + bytes_, page_bytes - skip);
  }
  /// Addresses that belong to another range.
  static address_range at(char* base, std::size_t bytes) noexcept {
    address_range range;
    range.base_ = base;
    range.bytes_ = bytes;
    return range;
  }
  /// Addresses that cannot be read or written until memory is mapped there.
  static address_range reserved(std::size_t bytes, backing how, char*& next) {
    address_range range{bytes, how, next};
    if (range.mapped_) mprotect(range.base_, range.bytes_, PROT_NONE);
    return range;
  }

  address_range(address_range&& other) noexcept
      : base_{std::exchange(other.base_, nullptr)},
        bytes_{other.bytes_},
        mapped_{std::exchange(other.mapped_, false)} {}
  address_range& operator=(address_range other) noexcept {
    std::swap(base_, other.base_);
    std::swap(bytes_, other.bytes_);
    std::swap(mapped_, other.mapped_);
    return *this;
  }
  ~address_range() {
    if (mapped_) munmap(base_, bytes_);
  }

  /// The first address, or null when the process has none left.
  [[nodiscard]] char* base() const noexcept { return base_; }

 private:
  char* base_ = nullptr;
  std::size_t bytes_ = 0;
  bool mapped_ = false;
};

}  // namespace cmm::sim
