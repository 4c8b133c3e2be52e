#pragma once

#include <algorithm>
#include <new>

#include "pool.hpp"

namespace cmm {

template <allocator Upstream>
detail::stream_cache* pool::over<Upstream>::known_cache(const detail::stream_key& key) noexcept {
  const auto found = caches_.find(key);
  return found == caches_.end() ? nullptr : &found->second;
}

/// The cache of a stream, made when it first comes. Each that comes looks after two that may be gone, so that
/// there are never many more caches than streams in use.
template <allocator Upstream>
detail::stream_cache& pool::over<Upstream>::cache_for(const detail::stream_key& key) {
  if (cache_type* const known = known_cache(key)) return *known;
  cache_type& made = caches_[key];
  made.key = key;
  made.last_used = ++streams_seen_;
  settle_old();
  return made;
}

template <allocator Upstream>
detail::stream_cache* pool::over<Upstream>::cache_of(const detail::stream_key& key) noexcept {
  try {
    return &cache_for(key);
  } catch (const std::bad_alloc&) {
    return nullptr;  // its chunks are parked
  }
}

/// Looks at the next two caches, and settles those of streams that were not used for long and have finished.
template <allocator Upstream>
void pool::over<Upstream>::settle_old() noexcept {
  for (const int look : {1, 2}) {
    static_cast<void>(look);
    auto at = caches_.upper_bound(looked_at_);
    if (at == caches_.end()) at = caches_.begin();
    looked_at_ = at->first;
    cache_type& cache = at->second;
    if (!is_old(cache)) continue;
    if (cache.any_free() == nullptr || (cache.fenced && api().query(cache.freed).ok())) settle(at);
  }
}

/// Moves the free chunks of a stream that has finished to where all streams find them, merged with their
/// neighbours there; the cache goes.
template <allocator Upstream>
void pool::over<Upstream>::settle(detail::stream_caches::iterator at) noexcept {
  cache_type& from = at->second;
  if (from.any_free() != nullptr) {
    const detail::stream_key key{from.key.device, detail::stream_key::nobody};
    cache_type* settled = known_cache(key);
    try {
      if (settled == nullptr) (settled = &caches_[key])->key = key;
    } catch (const std::bad_alloc&) {
      return;
    }
    while (chunk* const c = from.any_free()) {
      from.classes(c->owner->shared).remove(*c);
      cached_ -= c->bytes;
      keep_free(*c, *settled);
    }
  }
  if (from.parked != 0) return;
  keep_event(from);
  caches_.erase(at);
}

/// Marks the stream's latest free with an event. Without one, other streams keep away from its chunks. The
/// legacy default stream cannot go away, so there the event waits until somebody wants it.
template <allocator Upstream>
void pool::over<Upstream>::fence(cache_type& home, stream s) noexcept {
  home.fenced = false;
  if (home.legacy()) return;
  home.last_used = streams_seen_;
  home.fenced = give_event(home) && api().record(home.freed, s).ok();
}

/// Whether other streams can wait for the latest free; with the device of the stream current.
template <allocator Upstream>
bool pool::over<Upstream>::fenced(cache_type& home) noexcept {
  if (home.fenced || !home.legacy() || captures_forbid(stream::legacy())) return home.fenced;
  home.fenced = give_event(home) && api().record(home.freed, stream::legacy()).ok();
  return home.fenced;
}

/// Lets a stream wait for the latest free of another one; false where it cannot.
template <allocator Upstream>
bool pool::over<Upstream>::order_after(cache_type& home, stream s) noexcept {
  return home.settled() || (fenced(home) && api().wait(s, home.freed).ok());
}

/// An event for a cache, a used one where there is one of its device.
template <allocator Upstream>
bool pool::over<Upstream>::give_event(cache_type& home) noexcept {
  if (home.has_event) return true;
  const auto spare = std::find_if(spare_events_.begin(), spare_events_.end(),
                                  [&](const auto& each) { return each.first == home.key.device; });
  if (spare != spare_events_.end()) {
    home.freed = spare->second;
    *spare = spare_events_.back();
    spare_events_.pop_back();
    return home.has_event = true;
  }
  return home.has_event = api().create_event(home.freed).ok();
}

template <allocator Upstream>
void pool::over<Upstream>::keep_event(const cache_type& from) noexcept {
  if (!from.has_event) return;
  try {
    if (spare_events_.size() < most_spare_events) {
      spare_events_.emplace_back(from.key.device, from.freed);
      return;
    }
  } catch (const std::bad_alloc&) {
  }
  const status gone = api().destroy_event(from.freed);
  if (!gone.ok()) detail::say(std::string{gone.call} + " failed in a pool: " + describe(gone.code));
}

}  // namespace cmm
