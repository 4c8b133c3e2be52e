#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "../../core/requirements.hpp"

namespace cmm::sim {

inline constexpr std::size_t page_bytes = std::size_t{2} << 20;

/// Whether addresses can be read and written, by lazily committed memory, or are only numbers.
enum class backing : unsigned char { real, none };

namespace detail {

struct unmap {
  std::size_t bytes = 0;  ///< 0 where nothing is mapped, or by another

  void operator()(char* base) const noexcept {
    if (bytes != 0) munmap(base, bytes);
  }
};

}  // namespace detail

/// A range of addresses that begins at a 2 MiB boundary; given back when it dies.
///
/// Addresses without memory are never used again, so that a late use of one is noticed.
class address_range {
 public:
  address_range() noexcept = default;
  address_range(std::size_t bytes, backing how, char*& next)
      : bytes_{(bytes + page_bytes - 1) / page_bytes * page_bytes} {
    if (how == backing::none) {
      base_ = {std::exchange(next, next + bytes_), detail::unmap{0}};
      return;
    }
    void* const mapped = mmap(nullptr, bytes_ + page_bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) return;
    const std::size_t skip = -reinterpret_cast<std::uintptr_t>(mapped) % page_bytes;
    base_ = {static_cast<char*>(mapped) + skip, detail::unmap{bytes_}};
    if (skip != 0) munmap(mapped, skip);
    munmap(base() + bytes_, page_bytes - skip);
  }
  /// Addresses that belong to another range.
  address_range(char* base, std::size_t bytes) noexcept : base_{base, detail::unmap{0}}, bytes_{bytes} {}
  /// Addresses that cannot be read or written until memory is mapped there.
  static address_range reserved(std::size_t bytes, backing how, char*& next) {
    address_range range{bytes, how, next};
    if (how == backing::real && range.base() != nullptr) mprotect(range.base(), range.bytes_, PROT_NONE);
    return range;
  }

  /// The first address, or null when the process has none left.
  [[nodiscard]] char* base() const noexcept { return base_.get(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::unique_ptr<char, detail::unmap> base_;
  std::size_t bytes_ = 0;
};

}  // namespace cmm::sim
