#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "requirements.hpp"

namespace cmm::detail {

/// Why nothing may be written to `path`, or nothing: what is there and is no regular file stays as it is.
inline std::string no_place_for_a_file(const std::filesystem::path& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return errno == ENOENT ? "" : std::strerror(errno);
  if (S_ISREG(found.st_mode)) return {};
  return S_ISDIR(found.st_mode)   ? "it is a folder, which stays as it is"
         : S_ISLNK(found.st_mode) ? "it is a symbolic link, which stays as it is"
                                  : "it is no regular file and stays as it is";
}

/// While it lives, a file that may grow no further makes a write of this thread fail; the signal that the
/// kernel sends besides would end the process.
class file_limit_fails {
 public:
  file_limit_fails() noexcept {
    ::sigemptyset(&signal_);
    ::sigaddset(&signal_, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  ~file_limit_fails() {
    const timespec at_once{};
    while (!::sigismember(&before_, SIGXFSZ) && ::sigtimedwait(&signal_, nullptr, &at_once) > 0) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  file_limit_fails(const file_limit_fails&) = delete;
  file_limit_fails& operator=(const file_limit_fails&) = delete;

 private:
  sigset_t signal_{};
  sigset_t before_{};
};

/// Writes a text into an open file and onto the disk. Returns the error number, or 0.
inline int write_through(int file, std::string_view text) noexcept {
  const file_limit_fails no_signal;
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(file) == 0 || errno == EINVAL ? 0 : errno;  // some file systems have no fsync
}

/// A new file of this process beside `path`, opened; `name` becomes its path. Negative where there is none.
inline int new_file_beside(const std::filesystem::path& path, std::filesystem::path& name) {
  for (int number = 0; number < 1000; ++number) {
    char own[64];
    std::snprintf(own, sizeof own, ".%ld-%d.partial", static_cast<long>(::getpid()), number);
    name = path.parent_path() / own;
    const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file >= 0 || errno != EEXIST) return file;
  }
  return -1;
}

/// Writes a text to `path`, whole or not at all: what stood there stays until the new text is complete, and
/// stays for good where it is no regular file. Returns why it could not, or nothing.
[[nodiscard]] inline std::string write_whole(const std::filesystem::path& path, std::string_view text) {
  if (std::string reason = no_place_for_a_file(path); !reason.empty()) return reason;
  std::filesystem::path partial;
  const int file = new_file_beside(path, partial);
  if (file < 0) return std::strerror(errno);
  struct stat before {};
  const bool replaces = ::lstat(path.c_str(), &before) == 0;
  if (replaces) (void)::fchmod(file, before.st_mode & 0777);  // a file system without modes keeps its own
  const int failed = write_through(file, text);
  std::string reason = failed == 0 ? "" : std::strerror(failed);
  if (::close(file) != 0 && reason.empty()) reason = std::strerror(errno);
  if (reason.empty()) reason = no_place_for_a_file(path);  // something else may have come there meanwhile
  if (reason.empty() && ::rename(partial.c_str(), path.c_str()) != 0) reason = std::strerror(errno);
  if (!reason.empty()) ::unlink(partial.c_str());
  return reason;
}

}  // namespace cmm::detail
