#pragma once

#include "pool.hpp"

namespace cmm {

template <allocator Upstream>
void pool::over<Upstream>::forget_captures(stream s, std::uint64_t capture) {
  place here{api(), current_device, s};
  here.ask_capture(api());
  detail::check(here.result(), "forgetting graph captures");
  if (here.capture() != 0) {
    throw bad_request{
        "forget_captures was called while its stream is being captured; call it on another stream"};
  }
  const std::scoped_lock lock{mutex_};
  cache_type& home = cache_for(here.key());
  for (const detail::segment& each : segments_) {
    if (each.origin.device != here.key().device) continue;
    for (chunk* c = each.first; c != nullptr; c = c->after) {
      if (capture != all_captures && c->capture != capture) continue;
      c->capture = 0;
      if (c->state != detail::chunk_state::parked) continue;
      unpark(*c);
      c = keep_free(*c, home);
    }
  }
  fence(home, s);
}

/// From what the same stream freed in the same capture; everything else may be in use when the graph runs.
template <allocator Upstream>
detail::chunk* pool::over<Upstream>::reuse_captured(const place& here, std::size_t bytes) noexcept {
  if (here.capture() == place::foreign_capture) return nullptr;
  const cache_type* const own = known_cache(here.key());
  if (own == nullptr) return nullptr;
  for (const detail::segment& each : segments_) {
    if (each.parked < bytes) continue;
    for (chunk* c = each.first; c != nullptr; c = c->after) {
      if (c->state != detail::chunk_state::parked || c->bytes < bytes) continue;
      if (c->capture != here.capture() || c->home != own) continue;
      unpark(*c);
      if (chunk* const rest = make_live(*c, bytes)) park(*rest);
      return c;
    }
  }
  return nullptr;
}

template <allocator Upstream>
void pool::over<Upstream>::park(chunk& c) noexcept {
  c.state = detail::chunk_state::parked;
  c.owner->parked += c.bytes;
  parked_ += c.bytes;
  if (c.home != nullptr) ++c.home->parked;
}

template <allocator Upstream>
void pool::over<Upstream>::unpark(chunk& c) noexcept {
  c.owner->parked -= c.bytes;
  parked_ -= c.bytes;
  if (c.home != nullptr) --c.home->parked;
}

/// Whether work in this stream now would spoil a capture, or join it.
template <allocator Upstream>
bool pool::over<Upstream>::captures_forbid(stream s) noexcept {
  std::uint64_t capture = 0;
  return !api().capture_of(s, capture).ok() || capture != 0;
}

}  // namespace cmm
