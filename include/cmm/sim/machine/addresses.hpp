#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "../../core/requirements.hpp"
#include "../../core/whole_file.hpp"

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

/// The bytes of all memory that can be mapped: one file without a name, so that two mappings of a handle show
/// the same bytes. Without backing it holds nothing and every call succeeds.
class memory_store {
 public:
  explicit memory_store(backing how) noexcept : real_{how == backing::real} {}
  ~memory_store() {
    if (file_ >= 0) ::close(file_);
  }
  memory_store(const memory_store&) = delete;
  memory_store& operator=(const memory_store&) = delete;

  /// Room for so many bytes, which read as zero. False when the system has none.
  bool take(std::size_t bytes, std::size_t& offset) {
    if (!real_) return true;
    const cmm::detail::file_limit_fails no_signal;
    if (file_ < 0) file_ = ::memfd_create("cmm simulated memory", MFD_CLOEXEC);
    offset = end_;
    if (file_ < 0 || ::ftruncate(file_, static_cast<off_t>(end_ + bytes)) != 0) return false;
    end_ += bytes;
    return true;
  }
  void give(std::size_t offset, std::size_t bytes) noexcept {
    if (real_) {
      (void)::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                        static_cast<off_t>(bytes));
    }
  }

  /// Shows the bytes at an address.
  bool map(char* at, std::size_t bytes, std::size_t offset) noexcept {
    return !real_ || ::mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file_,
                            static_cast<off_t>(offset)) != MAP_FAILED;
  }
  /// Leaves the addresses reserved.
  bool unmap(char* at, std::size_t bytes) noexcept {
    return !real_ || ::mmap(at, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
                            0) != MAP_FAILED;
  }

 private:
  bool real_;
  int file_ = -1;
  std::size_t end_ = 0;
};

/// What stands in the file of a descriptor.
struct shared_memory {
  static constexpr std::uint64_t cmm = 0x636d6d73696d3031;

  std::uint64_t mark = 0;
  std::uint64_t process = 0;
  std::uint64_t memory = 0;
};

/// A descriptor for memory of a simulated machine, which is the caller's to close; -1 when there is none.
inline int descriptor_of(std::uint64_t memory) noexcept {
  const int file = ::memfd_create("cmm simulated memory handle", MFD_CLOEXEC);
  const shared_memory told{shared_memory::cmm, static_cast<std::uint64_t>(::getpid()), memory};
  if (file >= 0 && ::pwrite(file, &told, sizeof told, 0) != sizeof told) {
    ::close(file);
    return -1;
  }
  return file;
}

/// The memory that a descriptor of this process stands for; 0 for any other.
inline std::uint64_t memory_of(int descriptor) noexcept {
  shared_memory told{};
  if (::pread(descriptor, &told, sizeof told, 0) != sizeof told) return 0;
  const bool ours = told.mark == shared_memory::cmm && told.process == static_cast<std::uint64_t>(::getpid());
  return ours ? told.memory : 0;
}

}  // namespace cmm::sim
