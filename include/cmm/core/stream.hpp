#pragma once

#include "requirements.hpp"

namespace cmm {

/// A stream of the api in use, by its native handle; a `cudaStream_t` converts to it.
///
/// The default-constructed value is the legacy default stream.
class stream {
 public:
  constexpr stream() noexcept = default;
  constexpr stream(void* native) noexcept : native_{native} {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] constexpr void* native() const noexcept { return native_; }

  friend constexpr bool operator==(stream, stream) noexcept = default;

 private:
  void* native_ = nullptr;
};

}  // namespace cmm
