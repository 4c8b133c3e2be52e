#pragma once

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "../core/live_hints.hpp"
#include "../core/process.hpp"
#include "../layer/trace_file.hpp"
#include "usage.hpp"

namespace cmm::torch {

/// What a library holds from its first request on: the allocator, and a trace if one is wanted.
template <class Api, class Recipe>
class in_use {
 public:
  using allocator_type = decltype(std::declval<const Recipe&>().build(std::declval<Api>()));

  /// `trace` is the file it goes to, in which %p stands for the process; empty for none.
  in_use(const Recipe& recipe, Api api, const std::string& trace)
      : allocator_{recipe.build(std::move(api))},
        hints_{allocator_, is_strict(recipe)},
        trace_path_{with_process(trace)} {
    if (!trace.empty()) log_ = std::make_unique<trace_log>(most_events);
  }

  block allocate(const request& r) {
    const block taken = allocator_.allocate(r);
    if (log_ && taken) log_->took(api(), taken, r.stream);
    return taken;
  }
  void deallocate(const block& b, stream s) noexcept {
    if (log_) log_->freed(api(), b, s);
    allocator_.deallocate(b, s);
  }

  /// Writes the trace, if one is wanted; a forked child has none.
  void save() {
    if (!log_ || mark_.forked()) return;
    save_trace(log_->events(), trace_path_);
    if (log_->dropped() == 0) return;
    cmm::detail::say("the trace " + trace_path_ + " lacks " + std::to_string(log_->dropped()) +
                     " events beyond the first " + std::to_string(most_events));
  }

  /// The outermost layer with these settings.
  template <class Settings>
  auto& get() noexcept {
    return allocator_.template get<Settings>();
  }
  void with_pool(auto&& use) { detail::with_pool<Recipe>(allocator_, use); }
  auto& allocator() noexcept { return allocator_; }
  auto& api() noexcept { return allocator_.api(); }
  /// For tensors in use.
  auto& hints() noexcept { return hints_; }

 private:
  static constexpr std::size_t most_events = std::size_t{1} << 22;

  static std::string with_process(std::string path) {
    const std::size_t at = path.find("%p");
    return at == std::string::npos ? path : path.replace(at, 2, std::to_string(::getpid()));
  }

  /// As the recipe is for its own policies.
  static bool is_strict(const Recipe& recipe) {
    const auto strict = []<class Part>(const Part& part) {
      if constexpr (requires { part.makes_strict; }) {
        return part.makes_strict;
      } else {
        return false;
      }
    };
    return std::apply([&](const auto&... part) { return (strict(part) || ...); }, recipe.elements);
  }

  allocator_type allocator_;
  live_hints<Api> hints_;
  std::string trace_path_;
  std::unique_ptr<trace_log> log_;
  cmm::detail::process_mark mark_;
};

}  // namespace cmm::torch
