#pragma once

#include "../core/api.hpp"

namespace cmm::detail {

/// The capture a stream is in, 0 for none. The legacy default stream during another stream's capture is an
/// error, as for calls that would join it.
template <api Api>
[[gnu::always_inline]] inline status capture_of(Api& api, stream s, std::uint64_t& capture) {
  const status asked = api.capture_of(s, capture);
  return asked.code == errc::capture_implicit ? status{errc::capture_unsupported, asked.call} : asked;
}

/// Frees a range that knows no streams: after the work of the stream, and not at all while it is captured,
/// because the graph may use the range each time it runs.
template <api Api>
[[gnu::always_inline]] inline status free_after(Api& api, stream s, auto&& free) {
  std::uint64_t capture = 0;
  const status asked = capture_of(api, s, capture);
  if (!asked.ok()) [[unlikely]]
    return asked;
  if (capture != 0) [[unlikely]]
    return {errc::capture_unsupported, "cudaFree"};
  const status done = api.synchronize(s);
  if (!done.ok()) [[unlikely]]
    return done;
  return free();
}

}  // namespace cmm::detail
