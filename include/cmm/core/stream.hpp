#pragma once

#include "requirements.hpp"

namespace cmm {

/// A stream of the api in use, by its native handle; a `cudaStream_t` converts to it.
///
/// The default-constructed value is the default stream of the api: the legacy one, or that of the calling
/// thread in a program compiled with per-thread default streams.
class stream {
 public:
  constexpr stream() noexcept = default;
  constexpr stream(void* native) noexcept : native_{native} {}  // NOLINT(google-explicit-constructor)

  /// The default streams by the handles that mean them in every program (`cudaStreamLegacy`,
  /// `cudaStreamPerThread`).
  static stream legacy() noexcept { return reinterpret_cast<void*>(1); }
  static stream per_thread() noexcept { return reinterpret_cast<void*>(2); }

  [[nodiscard]] constexpr void* native() const noexcept { return native_; }

  /// Equal handles, which are one stream to a thread; what another thread means by it is for `meant` to say.
  friend constexpr bool operator==(stream, stream) noexcept = default;

 private:
  void* native_ = nullptr;
};

namespace detail {

/// The stream that a handle means to the calling thread, by a handle that needs no api: null becomes the
/// legacy or the per-thread default stream. An api that does not tell its default stream has the legacy one.
template <class Api>
[[nodiscard]] stream meant(const Api& api, stream s) noexcept {
  if (s.native() != nullptr) return s;
  if constexpr (requires { api.default_stream(); }) {
    return api.default_stream();
  } else {
    return stream::legacy();
  }
}

/// The one stream of a device that all threads share and that is never captured itself.
template <class Api>
[[nodiscard]] bool is_legacy(const Api& api, stream s) noexcept {
  return meant(api, s) == stream::legacy();
}

/// The handle means another stream to each thread.
template <class Api>
[[nodiscard]] bool is_per_thread(const Api& api, stream s) noexcept {
  return meant(api, s) == stream::per_thread();
}

}  // namespace detail
}  // namespace cmm
