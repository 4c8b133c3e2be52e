#include <thrust/host_vector.h>

#include <boost/test/unit_test.hpp>
#include <memory_resource>
#include <numeric>
#include <vector>

#include "cmm/bridge/pmr.hpp"
#include "cmm/bridge/std_allocator.hpp"
#include "cmm/bridge/unique.hpp"
#include "cmm/cmm.hpp"
#include "cmm/cuda/api.hpp"
#include "cmm/cuda/memory_resource.hpp"
#include "cmm/recipe_text.hpp"

using namespace cmm::literals;

namespace {

__global__ void add_one(int* numbers, std::size_t count) {
  const std::size_t i = blockIdx.x * std::size_t{blockDim.x} + threadIdx.x;
  if (i < count) ++numbers[i];
}

constexpr std::size_t count = 1 << 20;
constexpr auto recipe = cmm::managed{} | cmm::prefetch{} | cmm::pool{} | cmm::stats{};

struct situation {
  decltype(recipe.build(cmm::cuda::api{})) memory = recipe.build(cmm::cuda::api{});
  cudaStream_t stream = [] {
    cudaStream_t made = nullptr;
    BOOST_REQUIRE(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking) == cudaSuccess);
    return made;
  }();
  ~situation() { BOOST_TEST(cudaStreamDestroy(stream) == cudaSuccess); }

  void run(int* numbers) { add_one<<<count / 256, 256, 0, stream>>>(numbers, count); }
  void finish() { BOOST_REQUIRE(cudaStreamSynchronize(stream) == cudaSuccess); }
  std::size_t live() { return memory.get<cmm::stats>().all().live_bytes; }
};

template <class Numbers>
void check_counted_up(situation& at, Numbers& numbers) {
  std::iota(numbers.begin(), numbers.end(), 0);
  at.run(numbers.data());
  at.finish();
  BOOST_TEST(numbers[0] == 1);
  BOOST_TEST(numbers[count - 1] == static_cast<int>(count));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bridge_device)

BOOST_FIXTURE_TEST_CASE(a_kernel_and_the_host_share_the_containers_of_each_bridge, situation) {
  {
    cmm::std_allocator<int, decltype(memory)> allocator{memory, stream};
    std::vector<int, decltype(allocator)> numbers(count, allocator);
    check_counted_up(*this, numbers);
  }
  {
    cmm::std_allocator<int, decltype(memory)> allocator{memory, stream};
    thrust::host_vector<int, decltype(allocator)> numbers(count, 0, allocator);
    check_counted_up(*this, numbers);
  }
  {
    cmm::pmr_resource resource{memory, stream};
    std::pmr::vector<int> numbers(count, &resource);
    check_counted_up(*this, numbers);
  }
  BOOST_TEST(live() == 0u);
}

BOOST_FIXTURE_TEST_CASE(the_host_does_not_write_memory_that_a_kernel_still_reads, situation) {
  auto first = cmm::make_unique<int[]>(memory, count, stream);
  for (int i = 0; i < 1000; ++i) run(first.get());
  const int* const data = first.get();
  first.reset();
  cmm::std_allocator<int, decltype(memory)> allocator{memory, stream};
  std::vector<int, decltype(allocator)> numbers(count, 5, allocator);
  BOOST_TEST(numbers.data() == data);
  BOOST_TEST(cudaStreamQuery(stream) == cudaSuccess);
  finish();
  BOOST_TEST(numbers[count - 1] == 5);
}

BOOST_FIXTURE_TEST_CASE(device_memory_has_owners_too, situation) {
  auto on_device = cmm::build(cmm::device_pool{} | cmm::stats{}, cmm::cuda::api{});
  {
    const auto numbers = cmm::make_unique<int[]>(on_device, count, stream);
    run(numbers.get());
  }
  finish();
  BOOST_TEST(on_device.get<cmm::stats>().all().live_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_resource_serves_kernels_in_its_stream, situation) {
  cmm::cuda::memory_resource resource{memory};
  const ::cuda::stream_ref ref{stream};
  void* const numbers = resource.allocate_async(count * sizeof(int), ref);
  run(static_cast<int*>(numbers));
  resource.deallocate_async(numbers, count * sizeof(int), ref);
  void* const anywhere = resource.allocate(count * sizeof(int));
  run(static_cast<int*>(anywhere));
  finish();
  resource.deallocate(anywhere, count * sizeof(int));
  BOOST_TEST(live() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_recipe_from_text_serves_kernels, situation) {
  auto parsed = cmm::parse_recipe("managed | threshold_prefetch{64MiB} | pool | limit{1GiB} | stats")
                    .build_any(cmm::cuda::api{});
  auto numbers = cmm::make_unique<int[]>(parsed, count, stream);
  run(numbers.get());
  finish();
  numbers.reset();
  BOOST_TEST(parsed.get_if<cmm::stats>()->all().live_bytes == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
