#pragma once

#include <string>
#include <tuple>
#include <utility>

#include "concepts.hpp"
#include "held_blocks.hpp"
#include "process.hpp"
#include "size_text.hpp"
#include "units.hpp"

namespace cmm {

/// A source with its policies: the innermost allocator of every stack.
///
/// Exhaustion: an empty block. Threads: as safe as the api. Streams: policies run in the request's stream. A
/// policy that throws costs nothing: the range goes back first.
template <class Source, cmm::api Api, class... Policies>
class placed {
 public:
  placed(Api api, Source source, Policies... policies)
      : source_{api, std::move(source)}, policies_{std::move(policies)...} {}

  ~placed() {
    if (held_.count() != 0 && !mark_.forked()) {
      held_.release([this](block b) {
        [[maybe_unused]] const auto here = api().enter(b.device);
        return source_.give_back(b, stream::legacy());
      });
    }
  }

  placed(const placed&) = delete;
  placed& operator=(const placed&) = delete;

  [[gnu::always_inline]] block allocate(request r) {
    auto here = api().enter(r.device);
    detail::check(here.result(), "entering the device of a request");
    r.device = here.device();
    void* data = nullptr;
    const status taken = source_.take(data, r);
    if (!taken.ok()) [[unlikely]]
      return refused(taken, r.bytes);
    const block fresh{data, r.bytes, r.device};
    if constexpr (sizeof...(Policies) > 0) place(fresh, r.stream);
    return fresh;
  }

  [[gnu::always_inline]] void deallocate(block b, stream s) noexcept {
    auto here = api().enter(b.device);
    const status given = here.result().ok() ? source_.give_back(b, s) : here.result();
    if (!given.ok()) [[unlikely]]
      hold(b.data, b.bytes, b.device, given);
  }

  [[nodiscard]] Api& api() noexcept { return source_.api(); }

  /// Hints that this machine or a capture could not take.
  [[nodiscard]] std::size_t skipped_hints() const noexcept { return skipped_.count(); }

  /// Blocks that wait for the end of the allocator because they could not be freed when asked.
  [[nodiscard]] std::size_t held_blocks() const noexcept { return held_.count(); }

  /// Whether its blocks can migrate, so that hints mean something to them.
  [[nodiscard]] bool migratable() const noexcept {
    if constexpr (requires { source_.migratable(); }) {
      return source_.migratable();
    } else {
      return Source::migratable;
    }
  }

 private:
  /// Folds to a constant unless a policy decides at run time.
  [[nodiscard]] constexpr bool strict() const noexcept {
    const auto strictness = []<class Policy>(const Policy& policy) {
      if constexpr (requires { policy.makes_strict; }) {
        return policy.makes_strict;
      } else {
        return false;
      }
    };
    return std::apply([&](const Policies&... each) { return (strictness(each) || ...); }, policies_);
  }

  [[gnu::always_inline]] void place(block fresh, stream s) {
    placement<Api> at{api(), skipped_, strict(), migratable()};
    try {
      place_by(at, fresh, s, std::index_sequence_for<Policies...>{});
    } catch (...) {
      undo(fresh.data, fresh.bytes, fresh.device, s);
      throw;
    }
  }

  template <std::size_t... Index>
  [[gnu::always_inline]] void place_by(placement<Api>& at, block fresh, stream s,
                                       std::index_sequence<Index...>) {
    (std::get<Index>(policies_).place(at, fresh, s), ...);
  }

  // By their members, so that a block stays in registers on the path that succeeds.
  [[gnu::cold, gnu::noinline]] void hold(void* data, std::size_t bytes, int device, status refused) noexcept {
    if (!mark_.forked()) held_.add({data, bytes, device}, refused);  // else the memory is the parent's
  }
  [[gnu::cold, gnu::noinline]] void undo(void* data, std::size_t bytes, int device, stream s) noexcept {
    deallocate({data, bytes, device}, s);
  }

  [[gnu::cold, gnu::noinline]] static block refused(status taken, std::size_t bytes) {
    if (!taken.out_of_memory()) throw cuda_error{taken, "taking " + size_in_full(bytes) + " of memory"};
    return {};
  }

  typename Source::template on<Api> source_;
  [[no_unique_address]] std::tuple<Policies...> policies_;
  cmm::skipped_hints skipped_;
  detail::held_blocks held_;
  detail::process_mark mark_;
};

}  // namespace cmm
