#pragma once

#include <concepts>
#include <string>
#include <tuple>

#include "completed.hpp"
#include "environment.hpp"

namespace cmm::torch {

/// Puts the values of the environment into a recipe and counts where.
class overrides {
 public:
  explicit overrides(const environment& from) noexcept : from_{from} {}

  template <class Element>
  void apply(Element& part) {
    if constexpr (std::same_as<Element, threshold_prefetch>) set(part.below, from_.prefetch_below, below_);
    if constexpr (std::same_as<Element, below>) set(part.bytes, from_.prefetch_below, below_);
    if constexpr (requires { part.makes_strict = true; }) set(part.makes_strict, from_.strict, strict_);
    if constexpr (std::same_as<Element, limit>) set(part.bytes, from_.limit, limits_);
    if constexpr (std::same_as<Element, egm> || std::same_as<Element, egm_numa>) set_node(part.at);
    if constexpr (std::same_as<Element, prefer> || std::same_as<Element, managed_pool>) {
      if (part.at.what == location::kind::host || part.at.what == location::kind::host_numa)
        set_node(part.at);
    }
    if constexpr (requires {
                    part.holds;
                    part.then;
                  }) {
      apply(part.holds);
      apply(part.then);
    }
    if constexpr (requires { std::tuple_size<decltype(part.elements)>::value; }) {
      std::apply([&](auto&... each) { (apply(each), ...); }, part.elements);
    }
    // The budget and the strictness are those of the whole; a fast memory keeps its own.
    if constexpr (detail::is_spill<Element>) {
      overrides inside{from_};
      inside.limits_ = inside.strict_ = untouched;
      inside.apply(part.fast);
      below_ += inside.below_;
      nodes_ += inside.nodes_;
    }
  }

  /// Throws `bad_text` where a value found no place, or more than one budget.
  void check(const std::string& recipe) const {
    need(from_.prefetch_below.has_value(), below_, "CMM_PREFETCH_BELOW",
         "has no threshold_prefetch and no when{below{...}}", recipe);
    need(from_.numa_node.has_value(), nodes_, "CMM_NUMA_NODE",
         "puts nothing on a host NUMA node; use egm_numa, egm or prefer{host}", recipe);
    need(from_.strict == false, strict_, "CMM_STRICT=0", "is strict by its own policy", recipe);
    if (from_.limit && limits_ > 1) {
      throw bad_text{"CMM_LIMIT is set, but the recipe \"" + recipe + "\" has " + std::to_string(limits_) +
                     " limits, and it is not clear which is meant; unset it"};
    }
  }

 private:
  static constexpr int untouched = -1;

  template <class Value>
  void set(Value& place, const std::optional<Value>& value, int& count) {
    if (!value || count == untouched) return;
    place = *value;
    ++count;
  }
  void set_node(location& place) {
    if (!from_.numa_node) return;
    place = location::host_numa(*from_.numa_node);
    ++nodes_;
  }
  static void need(bool wanted, int found, const char* name, const char* why, const std::string& recipe) {
    if (!wanted || found != 0) return;
    throw bad_text{std::string{name} + " is set, but the recipe \"" + recipe + "\" " + why +
                   ", so there is nothing to override; unset it, or build the library with another recipe"};
  }

  const environment& from_;
  int below_ = 0;
  int nodes_ = 0;
  int limits_ = 0;
  int strict_ = 0;
};

}  // namespace cmm::torch
