#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <utility>

#include "../core/concepts.hpp"
#include "../core/process.hpp"
#include "../core/units.hpp"
#include "stream_cache.hpp"

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

  /// Exhaustion: other streams' blocks are waited for, then free segments go back upstream and the request is
  /// tried again; then an empty block. Threads: any number; the lock is not held while the upstream works.
  /// Streams: a freed block is reused at once in its stream, in another one after an event. A block touched
  /// by a graph capture serves that capture alone until `forget_captures`. Nothing here waits for the GPU.
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

    static constexpr std::size_t round_up(std::size_t bytes, std::size_t step) noexcept {
      return (bytes + step - 1) / step * step;
    }

    void give_all_back() noexcept;
    chunk* reuse(const request& r, place& here, std::size_t bytes);
    chunk* reuse_captured(const place& here, std::size_t bytes) noexcept;
    chunk* take_from_others(const request& r, const place& here, std::size_t bytes, bool wait);
    chunk* grow(const request& r, const place& here, std::size_t bytes, bool exact);
    void take(chunk& c, cache_type& from, std::size_t bytes) noexcept;
    chunk* make_live(chunk& c, std::size_t bytes) noexcept;
    chunk* keep_free(chunk& c, cache_type& home) noexcept;
    void park(chunk& c) noexcept;
    void fence(cache_type& home, stream s) noexcept;
    bool fenced(cache_type& home) noexcept;
    bool captures_forbid(stream s) noexcept;
    std::size_t trim_locked(stream s, detail::stream_key key, std::size_t most) noexcept;
    bool releasable(const detail::segment& candidate, stream s, detail::stream_key key) noexcept;
    cache_type* cache_of(detail::stream_key key) noexcept;
    auto read(auto&& value) const noexcept {
      const std::scoped_lock lock{mutex_};
      return value();
    }

    std::size_t segment_;
    std::size_t keep_;
    mutable std::mutex mutex_;
    detail::segments segments_;
    detail::stream_caches caches_;
    std::size_t cached_ = 0;
    std::size_t parked_ = 0;
    detail::process_mark mark_;
    Upstream upstream_;
  };
};

}  // namespace cmm

#include "pool_over.hpp"  // IWYU pragma: export
