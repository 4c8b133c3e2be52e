#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

#include "requirements.hpp"

namespace cmm::detail {

/// Tells a forked child from the process that built an allocator, for the price of one load.
///
/// The kernel clears the page in a child; where it cannot (MADV_WIPEONFORK is refused), the process id is
/// asked.
class process_mark {
 public:
  process_mark() noexcept : owner_{::getpid()} {
    void* const page =
        ::mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    if (::madvise(page, page_bytes, MADV_WIPEONFORK) != 0) {
      ::munmap(page, page_bytes);
      return;
    }
    alive_ = static_cast<volatile char*>(page);
    *alive_ = 1;
  }
  ~process_mark() {
    if (alive_ != nullptr) ::munmap(const_cast<char*>(alive_), page_bytes);
  }
  process_mark(const process_mark&) = delete;
  process_mark& operator=(const process_mark&) = delete;

  [[nodiscard]] bool forked() const noexcept {
    return alive_ != nullptr ? *alive_ == 0 : ::getpid() != owner_;
  }

 private:
  static constexpr std::size_t page_bytes = 4096;

  pid_t owner_;
  volatile char* alive_ = nullptr;
};

}  // namespace cmm::detail
