#pragma once

#include <string>
#include <tuple>
#include <utility>

#include "fields.hpp"
#include "over_aligned.hpp"
#include "placed.hpp"

namespace cmm {
namespace detail {

template <class T>
concept policy_part = !has_on<T> && !has_over<T>;

/// The source of a stack: that of the recipe, unless a policy serves its blocks from another one.
template <class Source>
constexpr auto serve(const Source& own) {
  return own;
}
template <class Source, class First, class... Rest>
constexpr auto serve(const Source& own, const First& first, const Rest&... rest) {
  if constexpr (requires { first.serve(own); }) {
    return serve(first.serve(own), rest...);
  } else {
    return serve(own, rest...);
  }
}

/// The nested type of a stack: policies gather at the source, then each layer wraps what stands before it.
template <class Api, class Source, class Policies, class... Rest>
struct stack;
template <class Api, class Source, class... Policies>
struct stack<Api, Source, std::tuple<Policies...>> {
  using source = decltype(serve(std::declval<Source>(), std::declval<Policies>()...));
  using type = placed<source, Api, Policies...>;
};
template <class Api, class Source, class... Policies, policy_part First, class... Rest>
struct stack<Api, Source, std::tuple<Policies...>, First, Rest...>
    : stack<Api, Source, std::tuple<Policies..., First>, Rest...> {};

template <class Inner, class... Layers>
struct wrapped {
  using type = Inner;
};
template <class Inner, class First, class... Rest>
struct wrapped<Inner, First, Rest...> : wrapped<typename First::template over<Inner>, Rest...> {};

template <class Api, class Source, class... Policies, class First, class... Rest>
struct stack<Api, Source, std::tuple<Policies...>, First, Rest...> {
  using type =
      typename wrapped<typename stack<Api, Source, std::tuple<Policies...>>::type, First, Rest...>::type;
};

/// The layer of a stack whose settings are `Settings`, looked for from the outside in.
template <class Settings>
auto& find_layer(auto& allocator) {
  using found = std::remove_cvref_t<decltype(allocator)>;
  if constexpr (requires { requires std::same_as<typename found::settings_type, Settings>; }) {
    return allocator;
  } else {
    constexpr bool goes_on = requires { allocator.upstream(); };
    static_assert(goes_on,
                  "cmm: get<Layer>() names a layer that this recipe does not have, or one below a layer of "
                  "your own without upstream()");
    if constexpr (goes_on) return find_layer<Settings>(allocator.upstream());
  }
}

/// Hints skipped by every source below an allocator.
std::size_t skipped_hints_of(const auto& allocator) noexcept {
  if constexpr (requires { allocator.skipped_hints(); }) {
    return allocator.skipped_hints();
  } else if constexpr (requires { allocator.upstream(); }) {
    return skipped_hints_of(allocator.upstream());
  } else {
    return 0;
  }
}

/// Arguments of `allocate`.
template <class... T>
concept asks_for_memory = requires(void (*bytes)(std::size_t, stream), const T&... given) {
  bytes(given...);
}
|| requires(void (*bytes)(std::size_t), const T&... given) { bytes(given...); }
|| requires(void (*whole)(request), const T&... given) { whole(given...); };

}  // namespace detail

/// Part of the name of an allocator: layers check blocks in debug builds alone, so functions that take an
/// allocator do not link from one kind of translation unit to the other.
#ifdef NDEBUG
inline namespace built_with_NDEBUG {  // NOLINT(readability-identifier-naming): the macro's own name
#else
inline namespace built_without_NDEBUG {  // NOLINT(readability-identifier-naming)
#endif

/// The allocator of a recipe over an api; holds all its state, is neither copied nor moved.
///
/// Exhaustion: an empty block. Threads and streams: as its layers say. A request that can never be served
/// (zero bytes, an alignment that is not a power of two up to 256, more than all memories together) throws
/// `bad_request`.
template <class Api, class Source, class... Rest>
class built {
  using stack = typename detail::stack<Api, Source, std::tuple<>, Rest...>::type;

 public:
  built(Api api, const std::tuple<Source, Rest...>& elements)
      : built{std::move(api), elements, std::make_index_sequence<layers>{},
              std::make_index_sequence<sizeof...(Rest) - layers>{}} {}

  built(const built&) = delete;             // cmm: an allocator stays where it is built; pass it by reference
  built& operator=(const built&) = delete;  // cmm: an allocator stays where it is built

  [[gnu::always_inline]] block allocate(request r) {
    constexpr std::size_t most = no_limit / 2;
    if (r.bytes - 1 >= most || (r.alignment & (r.alignment - 1)) != 0 ||
        r.alignment - 1 >= guaranteed_alignment) [[unlikely]]
      reject(r.bytes, r.alignment);
    const block fresh = stack_.allocate(r);
    if (!fresh) [[unlikely]]
      reject_impossible(r.bytes);
    return fresh;
  }

  /// Takes `bytes` bytes for use in the order of `s`, on the calling thread's device.
  block allocate(std::size_t bytes, stream s = {}) { return allocate(request{.bytes = bytes, .stream = s}); }

  /// Anything else is a compile error that says what to write.
  template <class... Wrong>
  requires(!detail::asks_for_memory<Wrong...>) block allocate(const Wrong&...) {
    static_assert(detail::asks_for_memory<Wrong...>,
                  "cmm: allocate() takes bytes and a stream, allocate(64_MiB, stream), or a cmm::request");
    return {};
  }
  template <class T>
  block allocate(std::size_t, stream = {}) = delete;  // cmm: a block has no type; cmm::make_unique<T[]> has
  block allocate(request) const = delete;             // cmm: an allocator that hands out blocks is not const
  block allocate(std::size_t, stream = {}) const = delete;  // cmm: it hands out blocks, so it is not const

  /// Gives a block back; work already in the stream may still use it. An empty block is ignored. The block
  /// must be as `allocate` returned it: a debug build ends the process where its size is another one, a
  /// release build believes it, and `stats` and `limit` are then off by the difference for good.
  [[gnu::always_inline]] void deallocate(block b, stream s = {}) noexcept {
    if (b) stack_.deallocate(b, s);
  }

  /// An address is a compile error that says what to write.
  template <class T, class... Size>
  void deallocate(T* data, const Size&...) noexcept {
    static_assert(sizeof(data) == 0,
                  "cmm: deallocate() takes the block that allocate() returned, and not its address");
  }

  /// The layer with these settings: `memory.get<cmm::stats>()`.
  template <class Settings>
  [[nodiscard]] auto& get() noexcept {
    return detail::find_layer<Settings>(stack_);
  }
  template <class Settings>
  [[nodiscard]] const auto& get() const noexcept {
    return detail::find_layer<Settings>(stack_);
  }
  template <class Settings>
  void get(const Settings&) const = delete;  // cmm: get() takes a type; write get<cmm::pool>()
  template <template <class> class Layer>
  void get() const = delete;            // cmm: name the layer whole, such as get<cmm::spill<cmm::device>>()
  void trim(auto...) const = delete;    // cmm: write memory.get<cmm::pool>().trim(stream)
  void record(auto...) const = delete;  // cmm: write memory.get<cmm::record_streams>().record(block, stream)

  [[nodiscard]] auto& api() noexcept { return stack_.api(); }
  [[nodiscard]] const auto& upstream() const noexcept { return stack_; }
  [[nodiscard]] auto& upstream() noexcept { return stack_; }

  /// Hints that this machine or a stream capture could not take.
  [[nodiscard]] std::size_t skipped_hints() const noexcept { return detail::skipped_hints_of(stack_); }

  /// For the bridges: blocks aligned to more than 256 bytes.
  [[nodiscard]] detail::over_aligned& over_aligned() noexcept { return over_aligned_; }

 private:
  static constexpr std::size_t layers = (std::size_t{detail::has_over<Rest>} + ... + 0);

  /// Settings go outermost layer first, then the api, the source and its policies: the order of construction.
  template <std::size_t... Layer, std::size_t... Policy>
  built(Api api, const std::tuple<Source, Rest...>& elements, std::index_sequence<Layer...>,
        std::index_sequence<Policy...>)
      : stack_{std::get<sizeof...(Rest) - Layer>(elements)..., std::move(api),
               detail::serve(std::get<0>(elements), std::get<1 + Policy>(elements)...),
               std::get<1 + Policy>(elements)...} {}

  [[noreturn, gnu::cold, gnu::noinline]] static void reject(std::size_t bytes, std::size_t alignment) {
    if (bytes == 0) throw bad_request{"a block of 0 bytes was asked for; ask for at least 1"};
    if (bytes > no_limit / 2) {
      throw bad_request{
          "a block of " + std::to_string(bytes) +
          " bytes was asked for, more than half the address space; check the size for overflow"};
    }
    throw bad_request{"an alignment of " + std::to_string(alignment) +
                      " was asked for; it must be a power of two of at most " +
                      std::to_string(guaranteed_alignment) + ", which every CUDA allocation has"};
  }

  [[gnu::cold, gnu::noinline]] void reject_impossible(std::size_t bytes) {
    std::size_t free = 0;
    std::size_t total = 0;
    int devices = 0;
    if (!api().memory_info(location::host(), free, total).ok() || !api().device_count(devices).ok()) return;
    std::size_t all = total;
    for (int device = 0; device < devices; ++device) {
      if (!api().memory_info(location::device(device), free, total).ok()) return;
      all += total;
    }
    if (all != 0 && bytes > all) {
      throw bad_request{"a block of " + size_in_full(bytes) +
                        " was asked for, but all memories of this machine together hold " +
                        size_in_full(all)};
    }
  }

  stack stack_;
  detail::over_aligned over_aligned_;
};

}  // inline namespace
}  // namespace cmm
