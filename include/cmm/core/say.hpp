#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "requirements.hpp"

namespace cmm::detail {

/// Tells the user a thing that is no error, in one line on stderr.
inline void say(const std::string& sentence) noexcept { std::fprintf(stderr, "cmm: %s\n", sentence.c_str()); }

/// Ends the process on a mistake that would corrupt memory if it went on.
[[noreturn, gnu::cold]] inline void stop(const char* sentence) noexcept {
  std::fprintf(stderr, "cmm: %s\n", sentence);
  std::abort();
}

}  // namespace cmm::detail
