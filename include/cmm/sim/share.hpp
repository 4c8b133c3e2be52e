#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "../core/requirements.hpp"

namespace cmm::sim {

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
