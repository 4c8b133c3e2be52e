#pragma once

#include "pool.hpp"

namespace cmm {

template <allocator Upstream>
void pool::over<Upstream>::give_all_back() noexcept {
  if (mark_.forked()) return;
  const auto complain = [](const status& each) {
    if (!each.ok())
      detail::say(std::string{each.call} + " failed at the end of a pool: " + describe(each.code));
  };
  for (auto& [key, cache] : caches_) {
    if (!cache.has_event) continue;
    [[maybe_unused]] const auto guard = api().enter(key.device);
    const status done = api().synchronize(cache.freed);
    const status gone = api().destroy_event(cache.freed);
    complain(done);
    complain(gone);
  }
  for (const auto& [device, spare] : spare_events_) complain(api().destroy_event(spare));
  while (!segments_.empty()) upstream_.deallocate(segments_.release(segments_.begin()), stream::legacy());
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
    found = here.capture() != 0 ? reuse_captured(here, bytes) : reuse(here, bytes);
  }
  detail::check(here.result(), "finding the capture of a request");
  const bool captured = here.capture() != 0;
  if (found == nullptr) found = grow(r, here, bytes, /*exact=*/false);
  if (found == nullptr && !captured) {
    const std::scoped_lock lock{mutex_};
    found = take_from_others(r, here, bytes);
    if (found == nullptr) found = gather(r, here, bytes, /*of_any_size=*/false);
    if (found == nullptr) trim_locked(r.stream, here.key(), 0);
  }
  if (found == nullptr) found = grow(r, here, bytes, /*exact=*/true);
  if (found == nullptr && !captured) {
    const std::scoped_lock lock{mutex_};
    found = gather(r, here, bytes, /*of_any_size=*/true);
  }
  return found == nullptr ? block{} : block{found->data, r.bytes, r.device};
}

template <allocator Upstream>
void pool::over<Upstream>::deallocate(block b, stream s) noexcept {
  if (mark_.forked()) return;  // the memory is the parent's
  const place here{api(), b.device, s};
  const std::scoped_lock lock{mutex_};
  chunk* const freed = segments_.find(b.data);
  check_freed(freed, b, here);
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

/// Ends the process where a block is not as it was handed out, as far as that can be known.
template <allocator Upstream>
void pool::over<Upstream>::check_freed(const chunk* freed, const block& b, const place& here) const noexcept {
  if (freed == nullptr || freed->state != detail::chunk_state::live) {
    detail::stop(
        "a block was freed that this pool did not hand out, or freed twice; free it once, through the "
        "allocator it came from");
  }
  if (b.bytes > freed->bytes) {
    detail::stop(
        "a block was freed with a larger size than it was taken with; pass back the block as allocate "
        "returned it");
  }
  if (here.result().ok() && here.key().device != freed->owner->origin.device) {
    detail::stop(
        "a block was freed for another device than it was taken for; pass back the block as allocate "
        "returned it");
  }
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
    cache_type& own = cache_for(here.key());
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

}  // namespace cmm
