#pragma once

#include <iterator>

#include "pool.hpp"

namespace cmm {

template <allocator Upstream>
void pool::over<Upstream>::give_all_back() noexcept {
  if (mark_.forked()) return;
  for (auto& [key, cache] : caches_) {
    if (!cache.has_event) continue;
    [[maybe_unused]] const auto guard = api().enter(key.device);
    const status done = api().synchronize(cache.freed);
    const status gone = api().destroy_event(cache.freed);
    for (const status& each : {done, gone}) {
      if (!each.ok())
        detail::say(std::string{each.call} + " failed at the end of a pool: " + describe(each.code));
    }
  }
  while (!segments_.empty()) upstream_.deallocate(segments_.release(segments_.begin()), stream{});
}

template <allocator Upstream>
block pool::over<Upstream>::allocate(request r) {
  if (mark_.forked()) detail::fail({errc::not_initialized, "pool"}, "allocating in a forked child");
  const std::size_t bytes = round_up(r.bytes, detail::size_classes::granule);
  place here{api(), r.device, r.stream};
  detail::check(here.result(), "finding the stream of a request");
  r.device = here.key().device;

  chunk* found = nullptr;
  {
    const std::scoped_lock lock{mutex_};
    found = here.capture() != 0 ? reuse_captured(here, bytes) : reuse(r, here, bytes);
  }
  detail::check(here.result(), "finding the capture of a request");
  if (found == nullptr) found = grow(r, here, bytes, /*exact=*/false);
  if (found == nullptr) {
    if (here.capture() == 0) {
      const std::scoped_lock lock{mutex_};
      found = take_from_others(r, here, bytes, /*wait=*/true);
      if (found == nullptr) trim_locked(r.stream, here.key(), 0);
    }
    if (found == nullptr) found = grow(r, here, bytes, /*exact=*/true);
  }
  return found == nullptr ? block{} : block{found->data, r.bytes, r.device};
}

template <allocator Upstream>
void pool::over<Upstream>::deallocate(block b, stream s) noexcept {
  if (mark_.forked()) return;  // the memory is the parent's
  const place here{api(), b.device, s};
  const std::scoped_lock lock{mutex_};
  chunk* const freed = segments_.find(b.data);
  if (freed == nullptr || freed->state != detail::chunk_state::live) {
    detail::stop(
        "a block was freed that this pool did not hand out, or freed twice; free it once, through the "
        "allocator it came from");
  }
  freed->owner->live -= freed->bytes;
  if (freed->capture == 0) freed->capture = here.result().ok() ? here.capture() : place::foreign_capture;
  cache_type* const home = here.result().ok() ? cache_of(here.key()) : nullptr;
  if (home == nullptr || freed->capture != 0) {
    freed->home = home;
    park(*freed);
    return;
  }
  keep_free(*freed, *home);
  fence(*home, s);
  if (cached_ > keep_ && !captures_forbid(s)) trim_locked(s, here.key(), keep_);
}

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
void pool::over<Upstream>::forget_captures(stream s, std::uint64_t capture) {
  place here{api(), current_device, s};
  here.ask_capture(api());
  detail::check(here.result(), "forgetting graph captures");
  if (here.capture() != 0) {
    throw bad_request{
        "forget_captures was called while its stream is being captured; call it on another stream"};
  }
  const std::scoped_lock lock{mutex_};
  cache_type& home = caches_[here.key()];
  for (const detail::segment& each : segments_) {
    if (each.origin.device != here.key().device) continue;
    for (chunk* c = each.first; c != nullptr; c = c->after) {
      if (capture != all_captures && c->capture != capture) continue;
      c->capture = 0;
      if (c->state != detail::chunk_state::parked) continue;
      c->owner->parked -= c->bytes;
      parked_ -= c->bytes;
      c = keep_free(*c, home);
    }
  }
  fence(home, s);
}

/// From the stream's own cache, else from another stream that has finished with it; `here` knows its capture
/// where nothing was found in the own cache.
template <allocator Upstream>
detail::chunk* pool::over<Upstream>::reuse(const request& r, place& here, std::size_t bytes) {
  cache_type& own = caches_[here.key()];
  if (chunk* const c = own.classes(bytes <= small).find(bytes)) {
    take(*c, own, bytes);
    return c;
  }
  here.ask_capture(api());
  const bool free_to_work = here.result().ok() && here.capture() == 0;
  return free_to_work ? take_from_others(r, here, bytes, /*wait=*/false) : nullptr;
}

/// From what the same stream freed in the same capture; everything else may be in use when the graph runs.
template <allocator Upstream>
detail::chunk* pool::over<Upstream>::reuse_captured(const place& here, std::size_t bytes) noexcept {
  if (here.capture() == place::foreign_capture) return nullptr;
  const cache_type* const own = cache_of(here.key());
  for (const detail::segment& each : segments_) {
    if (each.parked < bytes) continue;
    for (chunk* c = each.first; c != nullptr; c = c->after) {
      if (c->state != detail::chunk_state::parked || c->bytes < bytes) continue;
      if (c->capture != here.capture() || c->home != own) continue;
      c->owner->parked -= c->bytes;
      parked_ -= c->bytes;
      if (chunk* const rest = make_live(*c, bytes)) park(*rest);
      return c;
    }
  }
  return nullptr;
}

template <allocator Upstream>
detail::chunk* pool::over<Upstream>::take_from_others(const request& r, const place& here, std::size_t bytes,
                                                      bool wait) {
  for (auto& [key, other] : caches_) {
    if (key.device != here.key().device || key == here.key()) continue;
    chunk* const c = other.classes(bytes <= small).find(bytes);
    if (c == nullptr || !fenced(other)) continue;
    const status ready = wait ? api().wait(r.stream, other.freed) : api().query(other.freed);
    if (!ready.ok()) continue;
    take(*c, other, bytes);
    return c;
  }
  return nullptr;
}

/// A new segment from the upstream, which works without the lock.
template <allocator Upstream>
detail::chunk* pool::over<Upstream>::grow(const request& r, const place& here, std::size_t bytes,
                                          bool exact) {
  const bool shared = bytes <= small;
  const std::size_t step = shared ? std::max(segment_, small) : large_step;
  block origin = upstream_.allocate({exact ? bytes : round_up(bytes, step), r.stream, r.device, r.alignment});
  if (!origin) return nullptr;
  origin.device = r.device;
  const std::scoped_lock lock{mutex_};
  try {
    cache_type& own = caches_[here.key()];
    chunk& whole = segments_.adopt(origin, shared);
    whole.capture = here.capture();
    whole.home = &own;
    if (chunk* const rest = make_live(whole, bytes)) {
      if (rest->capture != 0) {
        park(*rest);
      } else {
        keep_free(*rest, own);
        fence(own, r.stream);  // the upstream may have given the segment in the order of this stream
      }
    }
    return &whole;
  } catch (...) {
    upstream_.deallocate(origin, r.stream);
    throw;
  }
}

template <allocator Upstream>
void pool::over<Upstream>::take(chunk& c, cache_type& from, std::size_t bytes) noexcept {
  from.classes(c.owner->shared).remove(c);
  cached_ -= c.bytes;
  if (chunk* const rest = make_live(c, bytes)) keep_free(*rest, from);
}

/// Hands a chunk out; what it has too much comes back as a chunk with the same home and capture.
template <allocator Upstream>
detail::chunk* pool::over<Upstream>::make_live(chunk& c, std::size_t bytes) noexcept {
  const std::size_t worth = c.owner->shared ? detail::size_classes::granule : small;
  chunk* const rest = c.bytes - bytes >= worth ? segments_.split(c, bytes) : nullptr;
  if (rest != nullptr) {
    rest->home = c.home;
    rest->capture = c.capture;
  }
  c.home = nullptr;
  c.state = detail::chunk_state::live;
  c.owner->live += c.bytes;
  return rest;
}

/// Puts a chunk into a stream's cache, merged with its free neighbours there. Returns the merged chunk.
template <allocator Upstream>
detail::chunk* pool::over<Upstream>::keep_free(chunk& c, cache_type& home) noexcept {
  auto& classes = home.classes(c.owner->shared);
  const auto mergeable = [&](const chunk* other) {
    return other != nullptr && other->state == detail::chunk_state::free && other->home == &home;
  };
  chunk* merged = &c;
  cached_ += c.bytes;
  if (mergeable(c.after)) {
    classes.remove(*c.after);
    segments_.join(c);
  }
  if (mergeable(c.before)) {
    merged = c.before;
    classes.remove(*merged);
    segments_.join(*merged);
  }
  merged->home = &home;
  merged->state = detail::chunk_state::free;
  classes.insert(*merged);
  return merged;
}

template <allocator Upstream>
void pool::over<Upstream>::park(chunk& c) noexcept {
  c.state = detail::chunk_state::parked;
  c.owner->parked += c.bytes;
  parked_ += c.bytes;
}

/// Marks the stream's latest free with an event. Without one, other streams keep away from its chunks. The
/// legacy default stream cannot go away, so there the event waits until somebody wants it.
template <allocator Upstream>
void pool::over<Upstream>::fence(cache_type& home, stream s) noexcept {
  home.fenced = false;
  home.legacy = s == stream{};
  if (home.legacy) return;
  if (!home.has_event) home.has_event = api().create_event(home.freed).ok();
  home.fenced = home.has_event && api().record(home.freed, s).ok();
}

/// Whether other streams can wait for the latest free; with the device of the stream current.
template <allocator Upstream>
bool pool::over<Upstream>::fenced(cache_type& home) noexcept {
  if (home.fenced || !home.legacy || captures_forbid(stream{})) return home.fenced;
  if (!home.has_event) home.has_event = api().create_event(home.freed).ok();
  home.fenced = home.has_event && api().record(home.freed, stream{}).ok();
  return home.fenced;
}

/// Whether work in this stream now would spoil a capture, or join it.
template <allocator Upstream>
bool pool::over<Upstream>::captures_forbid(stream s) noexcept {
  std::uint64_t capture = 0;
  return !api().capture_of(s, capture).ok() || capture != 0;
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
  const cache_type* const own = cache_of(key);
  for (const chunk* c = candidate.first; c != nullptr; c = c->after) {
    if (c->home == own) continue;
    if (!fenced(*c->home) || !api().wait(s, c->home->freed).ok()) return false;
  }
  return true;
}

template <allocator Upstream>
detail::stream_cache* pool::over<Upstream>::cache_of(detail::stream_key key) noexcept {
  try {
    return &caches_[key];
  } catch (const std::bad_alloc&) {
    return nullptr;  // its chunks are parked
  }
}

}  // namespace cmm
