#pragma once

#include "../cmm.hpp"
#include "abi.hpp"
#include "completed.hpp"

namespace cmm::torch {
namespace detail {

/// Whether a completed recipe has a layer.
template <class Part, class Recipe>
inline constexpr bool has_layer = false;
template <class Part, class... Elements>
inline constexpr bool has_layer<Part, recipe<Elements...>> = has_part<Part, Elements...>;

/// Uses the outermost pool of a recipe, if it has one.
template <class Recipe>
void with_pool(auto& allocator, auto&& use) {
  if constexpr (has_layer<pool, Recipe>) use(allocator.template get<pool>());
}

/// Bytes in the fast memories of all its spills.
std::size_t fast_bytes_of(auto& allocator) {
  std::size_t sum = 0;
  if constexpr (requires { allocator.fast_bytes(); }) sum += allocator.fast_bytes();
  if constexpr (requires { allocator.upstream(); }) sum += fast_bytes_of(allocator.upstream());
  return sum;
}

}  // namespace detail

/// What the layers of a completed recipe counted, for one device or, with -1, for all. The limit is the
/// closer one: over all devices, or the device's share.
template <class Recipe>
cmm_torch_usage usage_of(auto& allocator, int device) {
  auto& counted = allocator.template get<stats>();
  const usage all = counted.all();
  const usage seen = device < 0 ? all : counted.on(device);
  cmm_torch_usage out{.live_bytes = seen.live_bytes,
                      .peak_bytes = seen.peak_bytes,
                      .total_bytes = seen.total_bytes,
                      .live_blocks = seen.live_blocks,
                      .peak_blocks = seen.peak_blocks,
                      .total_blocks = seen.allocations,
                      .failed = seen.failed,
                      .skipped_hints = seen.skipped_hints,
                      .reserved_bytes = all.live_bytes,
                      .peak_reserved_bytes = all.peak_bytes,
                      .cached_bytes = 0,
                      .parked_bytes = 0,
                      .fast_bytes = detail::fast_bytes_of(allocator.upstream()),
                      .limit_bytes = allocator.template get<limit>().budget(),
                      .limit_used_bytes = allocator.template get<limit>().used()};
  auto& shares = allocator.template get<device_shares>();
  if (const std::size_t share = shares.budget(device); share < out.limit_bytes) {
    out.limit_bytes = share;
    out.limit_used_bytes = shares.used(device);
  }
  detail::with_pool<Recipe>(allocator, [&](auto& cache) {
    out.reserved_bytes = cache.reserved_bytes();
    out.peak_reserved_bytes = cache.peak_reserved_bytes();
    out.cached_bytes = cache.cached_bytes();
    out.parked_bytes = cache.parked_bytes();
  });
  return out;
}

/// Starts the peaks anew from what is in use now.
template <class Recipe>
void reset_peaks_of(auto& allocator) {
  allocator.template get<stats>().reset_peaks();
  detail::with_pool<Recipe>(allocator, [](auto& cache) { cache.reset_peak(); });
}

}  // namespace cmm::torch
