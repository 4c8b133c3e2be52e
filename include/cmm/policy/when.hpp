#pragma once

#include <concepts>

#include "../core/concepts.hpp"

namespace cmm {

/// True for blocks smaller than `bytes`.
struct below {
  std::size_t bytes = 0;

  static constexpr const char* name = "below";
  static constexpr void fields(auto& self, auto&& visit) { visit("bytes", self.bytes); }

  constexpr bool operator()(const block& b) const noexcept { return b.bytes < bytes; }
};

/// Applies a policy to the blocks for which a predicate holds: `when{below{2_GiB}, prefetch{}}`.
template <class Predicate, class Policy>
struct when {
  static_assert(
      std::predicate<const Predicate&, const block&>,
      "cmm: the first argument of when() is no predicate; it takes a block and answers true or false");
  static_assert(policy<Policy>, "cmm: the second argument of when() is no policy");

  Predicate holds;
  Policy then;  ///< what those blocks get

  static constexpr const char* name = "when";
  static constexpr bool hints = detail::gives_hints<Policy>;
  static constexpr void fields(auto& self, auto&& visit) {
    visit("holds", self.holds);
    visit("then", self.then);
  }

  void place(auto& at, block b, stream s) const {
    if (holds(b)) then.place(at, b, s);
  }
};
template <class Predicate, class Policy>
when(Predicate, Policy) -> when<Predicate, Policy>;

}  // namespace cmm
