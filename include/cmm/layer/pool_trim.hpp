#pragma once

#include <iterator>

#include "pool.hpp"

namespace cmm {

template <allocator Upstream>
std::size_t pool::over<Upstream>::trim(stream s, std::size_t most) {
  place here{api(), current_device, s};
  here.ask_capture(api());
  detail::check(here.result(), "trimming a pool");
  if (here.capture() != 0) return 0;
  const std::scoped_lock lock{mutex_};
  return trim_locked(s, here.key(), most);
}

template <allocator Upstream>
std::size_t pool::over<Upstream>::trim_locked(stream s, detail::stream_key key, std::size_t most) noexcept {
  std::size_t trimmed = 0;
  for (auto later = segments_.end(); later != segments_.begin() && cached_ > most;) {  // the youngest first
    const auto candidate = std::prev(later);
    if (candidate->origin.device != key.device || !releasable(*candidate, s, key)) {
      later = candidate;
      continue;
    }
    for (chunk* c = candidate->first; c != nullptr; c = c->after)
      c->home->classes(candidate->shared).remove(*c);
    cached_ -= candidate->origin.bytes;
    trimmed += candidate->origin.bytes;
    upstream_.deallocate(segments_.release(candidate), s);
  }
  return trimmed;
}

/// Whether a segment is free throughout; the work of other streams in it is then ordered before `s`.
template <allocator Upstream>
bool pool::over<Upstream>::releasable(const detail::segment& candidate, stream s,
                                      detail::stream_key key) noexcept {
  if (candidate.live != 0 || candidate.parked != 0) return false;
  const cache_type* const own = known_cache(key);
  for (const chunk* c = candidate.first; c != nullptr; c = c->after) {
    if (c->home != own && !order_after(*c->home, s)) return false;
  }
  return true;
}

}  // namespace cmm
