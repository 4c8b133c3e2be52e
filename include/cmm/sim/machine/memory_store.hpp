#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cstddef>
#include <cstdint>

#include "../../core/requirements.hpp"
#include "../../core/whole_file.hpp"
#include "addresses.hpp"

namespace cmm::sim {

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
