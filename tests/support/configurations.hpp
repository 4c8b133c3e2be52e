#pragma once

#include <cmm/source/tiered.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "memory.hpp"
#include "world.hpp"

namespace tests {

/// What the laws must know about a configuration beside its recipe.
struct traits {
  bool host = true;     ///< its blocks can be written by the host
  bool managed = true;  ///< all its memory counts as managed
  bool serves = true;   ///< it hands out blocks at all
  bool needs_pageable = false;
  bool captures = true;  ///< it can serve a stream that is being captured
  bool strict = false;   ///< a hint that a capture cannot take is an error
};

/// A recipe on a machine, by name.
template <class World>
struct configuration {
  std::string name;
  const cmm::sim::profile* machine = nullptr;  ///< where it is simulated
  traits has{};
  std::function<std::unique_ptr<memory>(World&)> build{};
};

template <class World, class Recipe>
configuration<World> configure(const cmm::sim::profile& machine, const Recipe& recipe, traits has = {}) {
  return {cmm::to_text(recipe) + " on " + machine.name, &machine, has, [recipe](World& in) {
            return std::make_unique<memory_of<typename World::api_type, Recipe>>(in.api(), recipe);
          }};
}

/// Every source, every policy, every layer, and deep stacks.
template <class World>
std::vector<configuration<World>> all_configurations() {
  using namespace cmm;
  constexpr traits on_device{.host = false, .managed = false};
  constexpr traits driver_pool{.captures = false};
  constexpr traits device_pools{.host = false, .managed = false, .captures = false};
  constexpr traits pinned{.managed = false, .captures = false};
  constexpr traits tiers{.host = false, .managed = false};
  constexpr traits pageable{.managed = false, .needs_pageable = true};
  const auto on = []<class Recipe>(const sim::profile& machine, const Recipe& recipe, traits has = {}) {
    return configure<World>(machine, recipe, has);
  };
  return {
      on(two_h200, managed{}),
      on(two_h200, managed_pool{}, driver_pool),
      on(two_h200, managed_pool{location::none()}, driver_pool),
      on(two_h200, device{}, on_device),
      on(two_h200, device_pool{}, device_pools),
      on(two_gh200, cmm::system{}, pageable),
      on(two_gh200_egm, egm{}, pinned),
      on(two_h200, tiered{.fast = 4_MiB}, tiers),
      on(two_gh200_egm, tiered{}, tiers),
      on(two_h200, null{}, {.serves = false}),

      on(two_h200, managed{} | prefer{} | accessed_by{} | read_mostly{} | prefetch{}),
      on(two_h200, managed{} | strict{} | when{below{2_MiB}, prefetch{}},
         {.captures = false, .strict = true}),
      on(two_h200, managed{} | prefetch{.threads = 3, .piece = 2_MiB}),
      on(two_h200, managed{} | advise_only{}),
      on(two_h200, managed{} | always_prefetch{}),
      on(two_h200, managed{} | threshold_prefetch{.below = 1_MiB}),
      on(two_h200, managed{} | egm_numa{}),
      on(two_gh200_egm, managed{} | egm_numa{}, pinned),

      on(two_h200, managed{} | pool{}),
      on(two_h200, managed{} | limit{96_MiB}),
      on(two_h200, managed{} | spill{device{}, {.budget = 32_MiB}}, on_device),
      on(two_h200, managed{} | spill{managed_pool{} | limit{16_MiB}, {.headroom = 1_MiB}}),
      on(two_h200, null{} | spill{device_pool{}}, device_pools),
      on(two_h200, managed{} | record_streams{}),
      on(two_h200, managed{} | stats{}),
      on(two_h200, managed{} | trace{}),
      on(two_h200, managed{} | locked{}),

      on(two_h200, managed{} | threshold_prefetch{} | pool{} | limit{96_MiB} | record_streams{} | stats{} |
                       trace{.events = 32} | locked{}),
      on(two_h200,
         managed{} | prefer{location::host()} | accessed_by{location::device()} |
             spill{device_pool{}, {.budget = 64_MiB}} | pool{} | stats{},
         on_device),
      on(two_gh200_egm, managed{} | egm_numa{} | pool{}, pinned),
      on(two_h200, managed{} | egm_numa{} | pool{}),
      on(two_h200,
         managed_pool{} | prefetch{} | pool{.segment = 4_MiB, .keep = 8_MiB} | stats{} | limit{96_MiB},
         driver_pool),
      on(two_h200, device_pool{} | limit{96_MiB} | pool{} | stats{}, device_pools),
      on(two_h200, tiered{.fast = 8_MiB} | pool{} | stats{} | limit{96_MiB}, tiers),
      on(two_gh200, cmm::system{} | advise_only{} | pool{} | stats{}, pageable),
  };
}

}  // namespace tests
