#pragma once

#include "../core/api.hpp"

namespace cmm::detail {

/// Frees a range that knows no streams: after the work of the stream, and not at all while it is captured,
/// because the graph may use the range each time it runs.
template <api Api>
status free_after(Api& api, stream s, auto&& free) {
  std::uint64_t capture = 0;
  const status asked = api.capture_of(s, capture);
  if (!asked.ok()) [[unlikely]]
    return asked.code == errc::capture_implicit ? status{errc::capture_unsupported, asked.call} : asked;
  if (capture != 0) [[unlikely]]
    return {errc::capture_unsupported, "cudaFree"};
  const status done = api.synchronize(s);
  if (!done.ok()) [[unlikely]]
    return done;
  return free();
}

}  // namespace cmm::detail
