#pragma once

#include <stdexcept>
#include <string>

#include "printable.hpp"
#include "status.hpp"

namespace cmm {

/// The line that noticed an error; `std::source_location` is missing in clang 14.
struct code_location {
  const char* file;
  unsigned line;
  const char* function;

  /// Where it is called from.
  static constexpr code_location current(const char* file = __builtin_FILE(),
                                         unsigned line = __builtin_LINE(),
                                         const char* function = __builtin_FUNCTION()) noexcept {
    return {file, line, function};
  }
};

/// A request that no allocator can serve as it is written: zero bytes, an odd alignment, no such device.
struct bad_request : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// Text from outside (a size, a recipe, a setting) that cannot be read. The message quotes it as `printable`
/// does.
struct bad_text : std::invalid_argument {
  explicit bad_text(const std::string& message) : std::invalid_argument{detail::printable(message)} {}
};

/// An api call that failed for another reason than memory running out.
class cuda_error : public std::runtime_error {
 public:
  explicit cuda_error(status failed, const std::string& doing = {},
                      code_location where = code_location::current())
      : std::runtime_error{std::string{failed.call} + " failed" + (doing.empty() ? "" : " while " + doing) +
                           " (error " + std::to_string(static_cast<int>(failed.code)) +
                           "): " + describe(failed.code)},
        status_{failed},
        where_{where} {}

  /// What CUDA answered, which call that was, and where in the source it was made.
  [[nodiscard]] errc code() const noexcept { return status_.code; }
  [[nodiscard]] const char* call() const noexcept { return status_.call; }
  [[nodiscard]] const code_location& where() const noexcept { return where_; }

 private:
  status status_;
  code_location where_;
};

namespace detail {

/// Kept out of line so that the path that succeeds stays small.
[[noreturn, gnu::cold, gnu::noinline]] inline void fail(status failed, const char* doing = "",
                                                        const char* file = __builtin_FILE(),
                                                        unsigned line = __builtin_LINE(),
                                                        const char* function = __builtin_FUNCTION()) {
  throw cuda_error{failed, doing, {file, line, function}};
}

/// Takes the place apart, because compilers build a `code_location` before they look at the result.
inline void check(status result, const char* doing = "", const char* file = __builtin_FILE(),
                  unsigned line = __builtin_LINE(), const char* function = __builtin_FUNCTION()) {
  if (!result.ok()) [[unlikely]]
    fail(result, doing, file, line, function);
}

}  // namespace detail
}  // namespace cmm
