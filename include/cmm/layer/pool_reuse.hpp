#pragma once

#include <iterator>

#include "pool.hpp"

namespace cmm {

/// From the stream's own cache, else from what other streams have finished with; `here` knows its capture
/// where nothing was found in the own cache.
template <allocator Upstream>
detail::chunk* pool::over<Upstream>::reuse(place& here, std::size_t bytes) {
  if (cache_type* const own = known_cache(here.key())) {
    if (chunk* const c = own->classes(bytes <= small).find(bytes)) {
      take(*c, *own, bytes);
      return c;
    }
  }
  here.ask_capture(api());
  if (!here.result().ok() || here.capture() != 0) return nullptr;
  chunk* const settled = take_settled(here, bytes);
  return settled != nullptr ? settled : take_finished(here, bytes);
}

template <allocator Upstream>
detail::chunk* pool::over<Upstream>::take_settled(const place& here, std::size_t bytes) noexcept {
  cache_type* const settled = known_cache({here.key().device, detail::stream_key::nobody});
  if (settled == nullptr) return nullptr;
  chunk* const c = settled->classes(bytes <= small).find(bytes);
  if (c != nullptr) take(*c, *settled, bytes);
  return c;
}

/// From another stream that has finished; what old streams have finished with is settled on the way.
template <allocator Upstream>
detail::chunk* pool::over<Upstream>::take_finished(const place& here, std::size_t bytes) noexcept {
  for (auto at = caches_.lower_bound({here.key().device, 0});
       at != caches_.end() && at->first.device == here.key().device;) {
    const auto next = std::next(at);
    cache_type& other = at->second;
    chunk* const c = other.classes(bytes <= small).find(bytes);
    const bool gone = is_old(other);
    const bool wanted = (gone || c != nullptr) && !other.settled() && at->first != here.key();
    if (wanted && fenced(other) && api().query(other.freed).ok()) {
      if (!gone) {
        take(*c, other, bytes);
        return c;
      }
      settle(at);
    }
    at = next;
  }
  return take_settled(here, bytes);
}

/// From another stream that has not finished with it; the stream of the request waits for that one.
template <allocator Upstream>
detail::chunk* pool::over<Upstream>::take_from_others(const request& r, const place& here,
                                                      std::size_t bytes) noexcept {
  for (auto& [key, other] : caches_) {
    if (key.device != here.key().device || key == here.key()) continue;
    chunk* const c = other.classes(bytes <= small).find(bytes);
    if (c == nullptr || !order_after(other, r.stream)) continue;
    take(*c, other, bytes);
    return c;
  }
  return nullptr;
}

/// Neighbours that different streams freed, as one chunk; the stream of the request waits for those streams.
template <allocator Upstream>
detail::chunk* pool::over<Upstream>::gather(const request& r, const place& here, std::size_t bytes,
                                            bool of_any_size) {
  cache_type& own = cache_for(here.key());
  ++gatherings_;
  for (const detail::segment& each : segments_) {
    if (each.origin.device != here.key().device) continue;
    if (!of_any_size && each.shared != (bytes <= small)) continue;
    if (each.origin.bytes - each.live - each.parked < bytes) continue;
    chunk* const c = gather_in(each, r.stream, own, bytes);
    if (c == nullptr) continue;
    take(*c, own, bytes);
    fence(own, r.stream);  // behind the streams that were waited for
    return c;
  }
  return nullptr;
}

template <allocator Upstream>
detail::chunk* pool::over<Upstream>::gather_in(const detail::segment& from, stream s, cache_type& own,
                                               std::size_t bytes) noexcept {
  const auto can_wait = [&](cache_type& home) {
    if (&home == &own || home.awaited == gatherings_) return true;
    const bool ordered = order_after(home, s);
    if (ordered) home.awaited = gatherings_;
    return ordered;
  };
  chunk* first = nullptr;
  std::size_t free = 0;
  for (chunk* c = from.first; c != nullptr; c = c->after) {
    if (c->state != detail::chunk_state::free) {
      first = nullptr;
      continue;
    }
    if (first == nullptr) {
      first = c;
      free = 0;
    }
    free += c->bytes;
    if (free < bytes) continue;
    chunk* waits = first;
    while (waits != c->after && can_wait(*waits->home)) waits = waits->after;
    if (waits == c->after) return join(*first, *c, own);
    c = waits;  // the search goes on behind the chunk that nobody can wait for
    first = nullptr;
  }
  return nullptr;
}

/// Joins free chunks, from the first to the last, to one in the cache of a stream that is ordered after them.
template <allocator Upstream>
detail::chunk* pool::over<Upstream>::join(chunk& first, const chunk& last, cache_type& own) noexcept {
  std::byte* const end = last.data + last.bytes;
  for (chunk* c = &first; c != nullptr && c->data != end; c = c->after) {
    c->home->classes(c->owner->shared).remove(*c);
  }
  while (first.data + first.bytes != end) segments_.join(first);
  first.home = &own;
  own.classes(first.owner->shared).insert(first);
  return &first;
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

}  // namespace cmm
