// Recipes are values: fragments join, policies nest, and a second memory takes over when the first is full.
#include <cmm/sim.hpp>
#include <cstdio>
#include <vector>

using namespace cmm::literals;
using cmm::location;

int main() {
  cmm::sim::machine machine{cmm::sim::gh200_480};
  const cmm::sim::api gpu{machine};

  // Policies alone are a policy. This one leaves pages on the host and lets the GPU read them there.
  constexpr auto stay_on_host = cmm::prefer{location::nearest_numa()} | cmm::accessed_by{location::device()};
  // Layers alone are a fragment, to be shared by several recipes.
  constexpr auto counted = cmm::limit{8_GiB} | cmm::stats{};

  // Weights: resident in HBM when they are small, left to first touch when they are large.
  constexpr auto weights_recipe =
      cmm::managed{} | cmm::when{cmm::below{1_GiB}, cmm::prefer{} | cmm::prefetch{}} | counted;
  // KV cache: HBM for the first 2 GiB, then host memory that the GPU reads without faults.
  constexpr auto kv_recipe = cmm::managed{} | stay_on_host |
                             cmm::spill{cmm::device_pool{}, {.budget = 2_GiB}} | cmm::pool{} | counted;
  std::printf("weights: %s\nkv:      %s\n", weights_recipe.text().c_str(), kv_recipe.text().c_str());

  auto weights = weights_recipe.build(gpu);
  auto kv = kv_recipe.build(gpu);

  const cmm::block matrix = weights.allocate(256_MiB);
  std::vector<cmm::block> cache;
  while (const cmm::block block = kv.allocate(512_MiB)) cache.push_back(block);  // until the limit of 8 GiB

  const std::size_t resident = machine.resident(matrix.data, matrix.bytes, location::device(0));
  const std::size_t in_hbm = kv.get<cmm::spill<cmm::device_pool>>().fast_bytes();
  const cmm::usage used = kv.get<cmm::stats>().all();
  std::printf("weights in HBM: %zu MiB\nkv: %zu MiB, of which in HBM %zu MiB; refused %zu request\n",
              resident / 1_MiB, used.live_bytes / 1_MiB, in_hbm / 1_MiB, used.failed);

  for (const cmm::block& block : cache) kv.deallocate(block);
  weights.deallocate(matrix);
  return resident == 256_MiB && used.live_bytes == 8_GiB && in_hbm == 2_GiB && used.failed == 1 ? 0 : 1;
}
