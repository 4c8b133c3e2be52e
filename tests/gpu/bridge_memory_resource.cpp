#include "cmm/cuda/memory_resource.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <new>
#include <stdexcept>
#include <string>

#include "cmm/cmm.hpp"
#include "cmm/cuda/api.hpp"
#include "cmm/recipe_text.hpp"
#include "cmm/sim/api.hpp"
#include "cmm/sim/profiles.hpp"

// Compiled against the CCCL of the toolkit and, with another include directory, against a current one.

BOOST_AUTO_TEST_SUITE(bridge_memory_resource)

using namespace cmm::literals;

namespace {

namespace mr = ::cuda::mr;

template <class Recipe>
using over = cmm::cuda::memory_resource<decltype(cmm::build(std::declval<Recipe>(), cmm::cuda::api{}))>;

using managed = over<decltype(cmm::managed{} | cmm::prefetch{} | cmm::pool{} | cmm::stats{})>;
using device = over<decltype(cmm::device{} | cmm::limit{})>;
using device_pool = over<cmm::device_pool>;
using mixed = over<decltype(cmm::managed{} | cmm::spill{cmm::device_pool{}})>;
using parsed = cmm::cuda::memory_resource<cmm::any_allocator<cmm::cuda::api>>;

template <class Resource, class... Properties>
concept complete =
#if CCCL_VERSION < 3001000
    mr::async_resource_with<Resource, Properties...>;
#else
    mr::resource_with<Resource, Properties...> && mr::synchronous_resource_with<Resource, Properties...>;
#endif
template <class Resource>
concept for_device_only =
    complete<Resource, mr::device_accessible> && !::cuda::has_property<Resource, mr::host_accessible>;
template <class Resource>
concept for_both = complete<Resource, mr::device_accessible, mr::host_accessible>;

static_assert(for_both<managed> && for_both<over<cmm::managed>> && for_both<over<cmm::managed_pool>>);
static_assert(for_both<over<cmm::system>> && for_both<over<cmm::egm>>);
static_assert(for_device_only<device> && for_device_only<device_pool> && for_device_only<mixed>);
static_assert(for_device_only<parsed>);
static_assert(std::is_nothrow_copy_constructible_v<managed> && std::is_nothrow_copy_assignable_v<managed>);

constexpr auto recipe = cmm::managed{} | cmm::prefetch{} | cmm::pool{} | cmm::limit{64_MiB} | cmm::stats{};

struct situation {
  cmm::sim::machine machine{cmm::sim::gh200_480};
  cmm::sim::api api{machine};
  decltype(recipe.build(api)) memory = recipe.build(api);
  cmm::cuda::memory_resource<decltype(memory)> resource{memory};
  cmm::stream stream = machine.create_stream();
  ::cuda::stream_ref ref{static_cast<cudaStream_t>(stream.native())};
  std::size_t live() { return memory.get<cmm::stats>().all().live_bytes; }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(both_spellings_take_and_give_in_the_order_of_the_stream, situation) {
  resource.deallocate(ref, resource.allocate(ref, 1_MiB, 16), 1_MiB, 16);
  resource.deallocate_async(resource.allocate_async(1_MiB, 16, ref), 1_MiB, 16, ref);
  BOOST_TEST(machine.calls("cudaMallocManaged") == 1u);
  BOOST_TEST(machine.calls("cudaStreamSynchronize") == 0u);
  BOOST_TEST(live() == 0u);
}

BOOST_FIXTURE_TEST_CASE(memory_without_a_stream_is_waited_for, situation) {
  void* const first = resource.allocate(1_MiB, 16);
  BOOST_TEST(machine.calls("cudaStreamSynchronize") == 1u);
  void* const second = resource.allocate_sync(1_MiB, 16);
  BOOST_TEST(machine.calls("cudaStreamSynchronize") == 2u);
  resource.deallocate(first, 1_MiB, 16);
  resource.deallocate_sync(second, 1_MiB, 16);
  BOOST_TEST(live() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_handle_is_copied_and_equal_for_one_allocator_and_device, situation) {
  auto other_memory = recipe.build(api);
  const auto copy = resource;
  BOOST_TEST((copy == resource));
  BOOST_TEST((resource != cmm::cuda::memory_resource{other_memory}));
  BOOST_TEST((resource != cmm::cuda::memory_resource{memory, 1}));
}

BOOST_FIXTURE_TEST_CASE(errors_are_those_of_cccl, situation) {
  BOOST_CHECK_THROW((void)resource.allocate(ref, 65_MiB, 16), std::bad_alloc);
  BOOST_CHECK_THROW((void)resource.allocate(ref, 1, 48), std::invalid_argument);
  machine.fail_nth("cudaMallocManaged", 1, cmm::errc::illegal_address);
  BOOST_CHECK_EXCEPTION((void)resource.allocate(ref, 1_MiB, 16), ::cuda::cuda_error,
                        [](const ::cuda::cuda_error& e) {
                          const std::string what = e.what();
                          return what.find("700") != what.npos && what.find("cudaMallocManaged") != what.npos;
                        });
  machine.fail_nth("cudaStreamSynchronize", 1, cmm::errc::illegal_address);
  BOOST_CHECK_THROW((void)resource.allocate(1_MiB, 16), ::cuda::cuda_error);
  BOOST_TEST(live() == 0u);
}

BOOST_FIXTURE_TEST_CASE(it_is_taken_where_cccl_takes_a_resource, situation) {
#if CCCL_VERSION < 3001000
  mr::async_resource_ref<mr::device_accessible, mr::host_accessible> held{resource};
  held.deallocate_async(held.allocate_async(1_MiB, 16, ref), 1_MiB, 16, ref);
#elif CCCL_VERSION >= 3002000
  mr::any_resource<mr::device_accessible, mr::host_accessible> held{resource};
  held.deallocate(ref, held.allocate(ref, 1_MiB, 16), 1_MiB, 16);
#endif
  BOOST_TEST(live() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
