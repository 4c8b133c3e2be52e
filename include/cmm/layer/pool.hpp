#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "../core/concepts.hpp"
#include "../core/process.hpp"
#include "../core/units.hpp"
#include "stream_place.hpp"

namespace cmm {

/// Keeps freed blocks for reuse in stream order, so that most requests never reach the upstream.
///
/// Blocks of up to 1 MiB are cut from segments of `segment` bytes; larger ones get segments of their own, in
/// steps of 2 MiB. At most `keep` bytes are cached; beyond them, whole free segments go back upstream.
struct pool {
  std::size_t segment = 16_MiB;
  std::size_t keep = no_limit;

  static constexpr const char* name = "pool";
  static constexpr void fields(auto& self, auto&& visit) {
    visit("segment", self.segment);
    visit("keep", self.keep);
  }

  /// Exhaustion: other streams' blocks are waited for, neighbours that different streams freed are joined,
  /// then free segments go back upstream and the request is tried again; then an empty block. Threads: any
  /// number; the lock is not held while the upstream works. Streams: a freed block is reused at once in its
  /// stream, in another one after an event; streams may come and go, and what they freed outlives them. A
  /// block touched by a graph capture serves that capture alone until `forget_captures`. Nothing here waits
  /// for the GPU.
  template <allocator Upstream>
  class over {
   public:
    using settings_type = pool;

    template <class... Rest>
    explicit over(pool settings, Rest&&... rest)
        : segment_{std::min(settings.segment, no_limit / 4)},
          keep_{settings.keep},
          upstream_{std::forward<Rest>(rest)...} {}
    ~over() { give_all_back(); }
    over(const over&) = delete;
    over& operator=(const over&) = delete;

    block allocate(request r);
    void deallocate(block b, stream s) noexcept;

    /// Gives whole free segments back until at most `most` bytes are cached; work that uses them is ordered
    /// before it in `s`. Returns the bytes given back; none while `s` is being captured.
    std::size_t trim(stream s = {}, std::size_t most = 0);

    /// Lets blocks of graph captures be reused in `s`, those of one capture (its id as `capture_of` gave it)
    /// or of all: say so when the graphs are gone and their work is done.
    void forget_captures(stream s = {}, std::uint64_t capture = all_captures);
    static constexpr std::uint64_t all_captures = 0;

    /// Bytes taken from the upstream, and how many of them are free, or freed but kept for graph captures.
    [[nodiscard]] std::size_t reserved_bytes() const noexcept {
      return read([&] { return segments_.reserved(); });
    }
    [[nodiscard]] std::size_t peak_reserved_bytes() const noexcept {
      return read([&] { return segments_.peak(); });
    }
    void reset_peak() noexcept {
      const std::scoped_lock lock{mutex_};
      segments_.reset_peak();
    }
    [[nodiscard]] std::size_t cached_bytes() const noexcept {
      return read([&] { return cached_; });
    }
    [[nodiscard]] std::size_t parked_bytes() const noexcept {
      return read([&] { return parked_; });
    }

    auto& api() noexcept { return upstream_.api(); }
    auto& upstream() noexcept { return upstream_; }
    const auto& upstream() const noexcept { return upstream_; }

   private:
    using api_type = std::remove_cvref_t<decltype(std::declval<Upstream&>().api())>;
    using place = detail::stream_place<api_type>;
    using chunk = detail::chunk;
    using cache_type = detail::stream_cache;

    static constexpr std::size_t small = 1_MiB;
    static constexpr std::size_t large_step = 2_MiB;
    static constexpr std::uint64_t old = 16;  ///< a stream is, once this many have come after its latest free
    static constexpr std::size_t most_spare_events = 64;

    static constexpr std::size_t round_up(std::size_t bytes, std::size_t step) noexcept {
      return (bytes + step - 1) / step * step;
    }

    void give_all_back() noexcept;
    void check_freed(const chunk* freed, const block& b, const place& here) const noexcept;
    chunk* grow(const request& r, const place& here, std::size_t bytes, bool exact);

    // pool_reuse.hpp
    chunk* reuse(place& here, std::size_t bytes);
    chunk* take_settled(const place& here, std::size_t bytes) noexcept;
    chunk* take_finished(const place& here, std::size_t bytes) noexcept;
    chunk* take_from_others(const request& r, const place& here, std::size_t bytes) noexcept;
    chunk* gather(const request& r, const place& here, std::size_t bytes, bool of_any_size);
    chunk* gather_in(const detail::segment& from, stream s, cache_type& own, std::size_t bytes) noexcept;
    chunk* join(chunk& first, const chunk& last, cache_type& own) noexcept;
    void take(chunk& c, cache_type& from, std::size_t bytes) noexcept;
    chunk* make_live(chunk& c, std::size_t bytes) noexcept;
    chunk* keep_free(chunk& c, cache_type& home) noexcept;

    // pool_streams.hpp
    cache_type* known_cache(const detail::stream_key& key) noexcept;
    cache_type& cache_for(const detail::stream_key& key);
    cache_type* cache_of(const detail::stream_key& key) noexcept;
    void settle_old() noexcept;
    void settle(detail::stream_caches::iterator at) noexcept;
    bool is_old(const cache_type& cache) const noexcept {
      return !cache.legacy() && !cache.settled() && streams_seen_ - cache.last_used >= old;
    }
    void fence(cache_type& home, stream s) noexcept;
    bool fenced(cache_type& home) noexcept;
    bool order_after(cache_type& home, stream s) noexcept;
    bool give_event(cache_type& home) noexcept;
    void keep_event(const cache_type& from) noexcept;

    // pool_captures.hpp
    chunk* reuse_captured(const place& here, std::size_t bytes) noexcept;
    void park(chunk& c) noexcept;
    void unpark(chunk& c) noexcept;
    bool captures_forbid(stream s) noexcept;

    // pool_trim.hpp
    std::size_t trim_locked(stream s, detail::stream_key key, std::size_t most) noexcept;
    bool releasable(const detail::segment& candidate, stream s, detail::stream_key key) noexcept;

    auto read(auto&& value) const noexcept {
      const std::scoped_lock lock{mutex_};
      return value();
    }

    std::size_t segment_;
    std::size_t keep_;
    mutable std::mutex mutex_;
    detail::segments segments_;
    detail::stream_caches caches_;
    detail::stream_key looked_at_{};  ///< the cache that was last looked at for being old
    std::uint64_t streams_seen_ = 0;
    std::uint64_t gatherings_ = 0;
    std::vector<std::pair<int, event>> spare_events_;  ///< of caches that are gone, with their devices
    std::size_t cached_ = 0;
    std::size_t parked_ = 0;
    detail::process_mark mark_;
    Upstream upstream_;
  };
};

}  // namespace cmm

#include "pool_captures.hpp"  // IWYU pragma: export
#include "pool_over.hpp"      // IWYU pragma: export
#include "pool_reuse.hpp"     // IWYU pragma: export
#include "pool_streams.hpp"   // IWYU pragma: export
#include "pool_trim.hpp"      // IWYU pragma: export
