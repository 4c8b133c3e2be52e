#include <boost/test/unit_test.hpp>
#include <cmm/bridge/pmr.hpp>
#include <cmm/cmm.hpp>
#include <cmm/recipe_text.hpp>
#include <cmm/sim/api.hpp>
#include <cmm/sim/profiles.hpp>
#include <cstring>
#include <memory_resource>
#include <new>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(bridge_pmr)

using namespace cmm::literals;

namespace {

constexpr auto recipe = cmm::managed{} | cmm::prefetch{} | cmm::pool{} | cmm::limit{64_MiB} | cmm::stats{};

struct situation {
  cmm::sim::machine machine{cmm::sim::gh200_480};
  cmm::sim::api api{machine};
  decltype(recipe.build(api)) memory = recipe.build(api);
  cmm::usage use() { return memory.get<cmm::stats>().all(); }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(containers_of_pmr_live_in_it_and_give_all_back, situation) {
  cmm::pmr_resource resource{memory};
  {
    std::pmr::vector<std::pmr::string> words{&resource};
    for (int i = 0; i < 1000; ++i) words.emplace_back("a word that is too long for a small string");
    BOOST_TEST(words.back() == "a word that is too long for a small string");
    BOOST_TEST(use().live_blocks == 1001u);
  }
  BOOST_TEST(use().live_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(zero_bytes_are_served_and_given_back_as_one, situation) {
  cmm::pmr_resource resource{memory};
  void* const none = resource.allocate(0);
  BOOST_TEST(none != nullptr);
  BOOST_TEST(use().live_bytes == 1u);
  resource.deallocate(none, 0);
  BOOST_TEST(use().live_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(exhaustion_is_bad_alloc_and_costs_nothing, situation) {
  cmm::pmr_resource resource{memory};
  BOOST_CHECK_THROW((void)resource.allocate(65_MiB), std::bad_alloc);
  BOOST_TEST(use().live_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(any_alignment_is_had_and_costs_what_it_needs, situation) {
  cmm::pmr_resource resource{memory};
  for (std::size_t alignment = 1; alignment <= 2_MiB; alignment *= 2) {
    void* taken[3];
    for (void*& data : taken) {
      data = resource.allocate(1000, alignment);
      BOOST_TEST(reinterpret_cast<std::uintptr_t>(data) % alignment == 0u);
      std::memset(data, 1, 1000);
    }
    BOOST_TEST(use().live_bytes <= 3 * (1000 + alignment));
    for (void* const data : taken) resource.deallocate(data, 1000, alignment);
    BOOST_TEST(use().live_bytes == 0u);
  }
}

BOOST_FIXTURE_TEST_CASE(an_alignment_that_cannot_be_is_refused_and_costs_nothing, situation) {
  cmm::pmr_resource resource{memory};
  // Known at run time alone, for compilers warn of them.
  const volatile std::size_t no_power_of_two = 48;
  const volatile std::size_t half_of_all = std::size_t{1} << 63;
  BOOST_CHECK_THROW((void)resource.allocate(1, no_power_of_two), cmm::bad_request);
  BOOST_CHECK_THROW((void)resource.allocate(1, half_of_all), std::bad_alloc);
  BOOST_CHECK_THROW((void)resource.allocate(cmm::no_limit / 2, 4096), std::bad_alloc);
  BOOST_TEST(use().live_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(pools_of_pmr_serve_blocks_of_every_size, situation) {
  cmm::pmr_resource resource{memory};
  {
    std::pmr::unsynchronized_pool_resource pool{&resource};
    for (std::size_t bytes = 1; bytes <= 8192; bytes = bytes * 5 / 4 + 1) {
      void* const data = pool.allocate(bytes);
      std::memset(data, 1, bytes);
      if (bytes % 2 == 0) pool.deallocate(data, bytes);
    }
  }
  BOOST_TEST(use().live_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(resources_are_equal_only_with_allocator_stream_and_device, situation) {
  auto other_memory = recipe.build(api);
  const cmm::stream other_stream = machine.create_stream();
  const cmm::pmr_resource resource{memory};
  BOOST_TEST(resource.is_equal(cmm::pmr_resource{memory}));
  BOOST_TEST(!resource.is_equal(cmm::pmr_resource{other_memory}));
  BOOST_TEST(!resource.is_equal(cmm::pmr_resource{memory, other_stream}));
  BOOST_TEST(!resource.is_equal(cmm::pmr_resource{memory, {}, 1}));
  BOOST_TEST(!resource.is_equal(*std::pmr::new_delete_resource()));
}

BOOST_FIXTURE_TEST_CASE(memory_reused_by_the_host_waits_for_the_stream, situation) {
  const cmm::stream s = machine.create_stream();
  cmm::pmr_resource resource{memory, s};
  const cmm::block used = memory.allocate(1_MiB, s);
  BOOST_TEST(machine.gpu_touch(used.data, used.bytes, cmm::sim::access::write, 0, s).ok());
  memory.deallocate(used, s);
  const auto waits = machine.calls("cudaStreamSynchronize");
  void* const reused = resource.allocate(1_MiB);
  BOOST_TEST(reused == used.data);
  BOOST_TEST(machine.calls("cudaStreamSynchronize") == waits + 1);
  resource.deallocate(reused, 1_MiB);
}

BOOST_FIXTURE_TEST_CASE(a_captured_stream_is_refused_and_its_capture_goes_on, situation) {
  const cmm::stream s = machine.create_stream();
  cmm::pmr_resource resource{memory, s};
  BOOST_TEST(machine.begin_capture(s).ok());
  BOOST_CHECK_THROW((void)resource.allocate(1_MiB), cmm::cuda_error);
  BOOST_TEST(machine.end_capture(s).ok());
  BOOST_TEST(machine.invalidated_captures() == 0u);
  BOOST_TEST(use().live_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_wait_that_fails_gives_the_block_back, situation) {
  cmm::pmr_resource resource{memory};
  machine.fail_nth("cudaStreamSynchronize", 1, cmm::errc::illegal_address);
  BOOST_CHECK_EXCEPTION((void)resource.allocate(1_MiB), cmm::cuda_error, [](const cmm::cuda_error& e) {
    return e.call() == std::string{"cudaStreamSynchronize"};
  });
  BOOST_TEST(use().live_bytes == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_named_device_keeps_the_constructor_free_of_calls, situation) {
  const auto before = machine.calls();
  const cmm::pmr_resource resource{memory, {}, 0};
  BOOST_TEST(machine.calls() == before);
}

BOOST_FIXTURE_TEST_CASE(a_parsed_recipe_that_only_a_device_reads_is_refused, situation) {
  auto mixed = cmm::parse_recipe("managed | spill{device_pool}").build_any(api);
  BOOST_CHECK_THROW((cmm::pmr_resource{mixed}), cmm::bad_request);
  auto readable = cmm::parse_recipe("managed | spill{managed_pool}").build_any(api);
  BOOST_CHECK_NO_THROW((cmm::pmr_resource{readable}));
}

BOOST_AUTO_TEST_SUITE_END()
