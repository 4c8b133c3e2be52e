#pragma once

#include <concepts>

#include "null_api.hpp"
#include "placement.hpp"

namespace cmm {

/// Hands out blocks. `allocate` returns an empty block when memory ran out and throws for any other failure;
/// `deallocate` gives a block back in the order of the stream and never throws.
template <class Allocator>
concept allocator = requires(Allocator& a, request r, block b, stream s) {
  { a.allocate(r) } -> std::same_as<block>;
  { a.deallocate(b, s) }
  noexcept;
};

namespace archetype {

/// The least a type must have to be an allocator.
struct allocator {
  null_api& api() const noexcept { return api_; }
  block allocate(request) { return {}; }
  void deallocate(block, stream) noexcept {}

 private:
  mutable null_api api_;
};

}  // namespace archetype

/// Where an address range comes from. `Source::on<Api>` takes a range and gives it back; both answer with a
/// status. A range that cannot be given back now (its stream is being captured) answers with a failure and is
/// asked for again when the allocator ends.
template <class Source, class Api = null_api>
concept source = requires(typename Source::template on<Api>& s, void*& out, request r, block b, stream st) {
  { s.api() } -> std::convertible_to<Api&>;
  { s.take(out, r) } -> std::same_as<status>;
  { s.give_back(b, st) } -> std::same_as<status>;
};

/// What is done to a fresh block. Owns no memory.
template <class Policy, class Api = null_api>
concept policy = requires(const Policy& p, placement<Api>& at, block b, stream s) {
  p.place(at, b, s);
};

/// Wraps an allocator. `Layer::over<Upstream>` holds its upstream as a member and is an allocator itself.
template <class Layer>
concept layer = requires {
  typename Layer::template over<archetype::allocator>;
}
&&allocator<typename Layer::template over<archetype::allocator>>;

namespace detail {

template <class T>
concept has_on = requires {
  typename T::template on<null_api>;
};
template <class T>
concept has_over = requires {
  typename T::template over<archetype::allocator>;
};

/// Made as a stack makes it: of an api and the settings, or of the settings and what is below.
template <class T>
concept takes_api = std::constructible_from < typename T::template on<null_api>,
        null_api,
const T& > ;
template <class T>
concept takes_rest = std::constructible_from < typename T::template over<archetype::allocator>,
const T&, null_api > ;

template <class T>
concept tells_api = requires(typename T::template over<archetype::allocator>& a) {
  a.api();
};

/// A policy that advises or prefetches, so that its source must have memory that can migrate.
template <class T>
concept gives_hints = requires {
  requires T::hints;
};

}  // namespace detail
}  // namespace cmm
