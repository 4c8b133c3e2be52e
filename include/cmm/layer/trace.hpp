#pragma once

#include <utility>
#include <vector>

#include "../core/concepts.hpp"
#include "../core/fields.hpp"
#include "trace_log.hpp"

namespace cmm {

/// Marks each call with an NVTX range and logs it; `tools/bench --filter replay --trace FILE` runs a log
/// again.
///
/// At most `events` events are kept, in host memory, until `save`; later ones are counted as dropped.
struct trace {
  int events = 1 << 20;

  static constexpr const char* name = "trace";
  static constexpr void fields(auto& self, auto&& visit) { visit("events", self.events); }

  /// Exhaustion: passed on; only blocks that were handed out are logged. Threads: any number, one at a time
  /// while it writes its log. Streams: passed on.
  template <allocator Upstream>
  class over {
   public:
    using settings_type = trace;

    template <class... Rest>
    explicit over(trace settings, Rest&&... rest)
        : log_{settings.events < 0 ? 0 : static_cast<std::size_t>(settings.events)},
          upstream_{std::forward<Rest>(rest)...} {}

    block allocate(request r) {
      const range named{api(), "cmm allocate"};
      const block b = upstream_.allocate(r);
      if (b) log_.took(api(), b, r.stream);
      return b;
    }
    void deallocate(block b, stream s) noexcept {
      const range named{api(), "cmm deallocate"};
      log_.freed(api(), b, s);
      upstream_.deallocate(b, s);
    }

    /// The log so far, oldest first.
    [[nodiscard]] std::vector<trace_event> log() const { return log_.events(); }
    [[nodiscard]] std::size_t dropped() const noexcept { return log_.dropped(); }

    auto& api() noexcept { return upstream_.api(); }
    auto& upstream() noexcept { return upstream_; }
    const auto& upstream() const noexcept { return upstream_; }

   private:
    using api_type = std::remove_cvref_t<decltype(std::declval<Upstream&>().api())>;

    struct range {
      api_type& api;
      range(api_type& to, const char* label) : api{to} { api.push_range(label); }
      ~range() { api.pop_range(); }
      range(const range&) = delete;
      range& operator=(const range&) = delete;
    };

    trace_log log_;
    Upstream upstream_;
  };
};

}  // namespace cmm
