// The smallest use without a GPU: the same calls on a simulated GH200, which also tells where pages are.
#include <cmm/sim.hpp>
#include <cstdio>

using namespace cmm::literals;

int main() {
  cmm::sim::machine machine{cmm::sim::gh200_480};
  constexpr auto recipe =
      cmm::managed{} | cmm::threshold_prefetch{.below = 2_GiB} | cmm::pool{} | cmm::stats{};
  auto memory = recipe.build(cmm::sim::api{machine});

  const cmm::block weights = memory.allocate(512_MiB);
  if (!weights) return 1;
  const std::size_t on_gpu = machine.resident(weights.data, weights.bytes, cmm::location::device(0));
  std::printf("%s\n%zu of %zu bytes are in the memory of the GPU before anything has touched them\n",
              recipe.text().c_str(), on_gpu, weights.bytes);
  memory.deallocate(weights);
  return on_gpu == weights.bytes ? 0 : 1;
}
