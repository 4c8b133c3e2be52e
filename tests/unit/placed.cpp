#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>
#include <string>

#include "support/laws.hpp"
#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(placed_blocks)

using namespace cmm;
using namespace cmm::literals;
using tests::caught;

namespace {

auto on(const auto& recipe, sim::machine& machine) { return build(recipe, sim::api{machine}); }

sim::profile without(attribute what, int value = 0) {
  auto profile = tests::small_h200;
  profile.capabilities[static_cast<std::size_t>(what)] = {static_cast<double>(value), "assumed"};
  return profile;
}

struct fails_always {
  void place(auto&, block, stream) const { throw cuda_error{{errc::not_permitted, "fails_always"}}; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(policies_run_in_their_order_and_place_the_pages) {
  sim::machine machine{tests::small_h200};
  auto memory = build(managed{} | always_prefetch{}, sim::api{machine});
  const block b = memory.allocate(10_MiB);
  BOOST_CHECK_EQUAL(machine.resident(b.data, b.bytes, location::device(0)), 10_MiB);
  BOOST_CHECK_EQUAL(machine.calls("cudaMemAdvise"), 2U);
  BOOST_CHECK_EQUAL(machine.calls("cudaMemPrefetchAsync"), 1U);
  memory.deallocate(b);
}

BOOST_AUTO_TEST_CASE(a_threshold_prefetches_what_is_smaller_and_only_that) {
  sim::machine machine{tests::small_h200};
  auto memory = build(managed{} | threshold_prefetch{.below = 1_MiB}, sim::api{machine});
  const block below = memory.allocate(1_MiB - 1);
  const block exactly = memory.allocate(1_MiB);
  BOOST_CHECK_EQUAL(machine.resident(below.data, below.bytes, location::device(0)), below.bytes);
  BOOST_CHECK_EQUAL(machine.resident(exactly.data, exactly.bytes, location::device(0)), 0U);
  memory.deallocate(below);
  memory.deallocate(exactly);
}

BOOST_AUTO_TEST_CASE(a_condition_decides_which_blocks_a_policy_places) {
  sim::machine machine{tests::small_h200};
  auto memory = on(managed{} | when{below{1_MiB}, prefetch{}}, machine);
  const block small = memory.allocate(1_MiB - 1);
  const block large = memory.allocate(1_MiB);
  BOOST_CHECK_EQUAL(machine.resident(small.data, small.bytes, location::device(0)), small.bytes);
  BOOST_CHECK_EQUAL(machine.resident(large.data, large.bytes, location::device(0)), 0U);
  memory.deallocate(small);
  memory.deallocate(large);
}

BOOST_AUTO_TEST_CASE(advice_alone_moves_no_page) {
  sim::machine machine{tests::small_h200};
  auto memory = build(managed{} | advise_only{}, sim::api{machine});
  const block b = memory.allocate(1_MiB);
  BOOST_CHECK_EQUAL(machine.calls("cudaMemPrefetchAsync"), 0U);
  BOOST_CHECK_EQUAL(machine.resident(b.data, b.bytes, location::none()), 1_MiB);
  memory.deallocate(b);
}

BOOST_AUTO_TEST_CASE(a_block_that_prefers_the_host_is_read_there_by_the_gpu) {
  sim::machine machine{tests::small_h200};
  auto memory =
      build(managed{} | prefer{location::host()} | accessed_by{location::device()}, sim::api{machine});
  const block b = memory.allocate(2_MiB);
  BOOST_CHECK(machine.gpu_touch(b.data, b.bytes, sim::access::write).ok());
  BOOST_CHECK_EQUAL(machine.resident(b.data, b.bytes, location::host_numa(0)), 2_MiB);
  memory.deallocate(b);
}

BOOST_AUTO_TEST_CASE(egm_comes_from_the_pinned_pool_where_there_is_one_and_from_managed_memory_elsewhere) {
  sim::machine with{tests::small_gh200_egm};
  auto pinned = on(managed{} | egm_numa{}, with);
  const block p = pinned.allocate(1_MiB);
  BOOST_CHECK_EQUAL(with.live_managed_bytes(), 0U);
  BOOST_CHECK_EQUAL(with.live_bytes(location::host_numa(0)), 1_MiB);
  BOOST_CHECK(with.gpu_touch(p.data, p.bytes, sim::access::read).ok());  // else access was not granted
  BOOST_CHECK_EQUAL(with.calls("cudaMemAdvise"), 0U);
  BOOST_CHECK_EQUAL(pinned.skipped_hints(), 0U);
  pinned.deallocate(p);

  sim::machine without_egm{tests::small_h200};
  auto plain = on(managed{} | egm_numa{}, without_egm);
  const block m = plain.allocate(1_MiB);
  BOOST_CHECK_EQUAL(without_egm.live_managed_bytes(), 1_MiB);
  BOOST_CHECK(without_egm.gpu_touch(m.data, m.bytes, sim::access::write).ok());
  BOOST_CHECK_EQUAL(without_egm.resident(m.data, m.bytes, location::host_numa(0)), 1_MiB);
  plain.deallocate(m);
}

// An H200 accepts a NUMA node as preferred location and then has none.
BOOST_AUTO_TEST_CASE(a_numa_node_keeps_pages_on_the_host_also_where_the_driver_ignores_nodes) {
  for (const bool by_nodes : {false, true}) {
    sim::machine machine{by_nodes ? tests::small_gh200 : tests::small_h200};
    auto memory = on(managed{} | prefer{location::host_numa(0)}, machine);
    const block b = memory.allocate(2_MiB);
    BOOST_CHECK_EQUAL(machine.calls("cudaMemAdvise"), by_nodes ? 1U : 2U);
    BOOST_CHECK(machine.gpu_touch(b.data, b.bytes, sim::access::write).ok());
    BOOST_CHECK_EQUAL(machine.resident(b.data, b.bytes, location::host_numa(0)), 2_MiB);
    memory.deallocate(b);
  }
}

BOOST_AUTO_TEST_CASE(a_hint_that_the_machine_cannot_take_is_skipped_and_counted) {
  sim::machine machine{without(attribute::concurrent_managed_access)};
  auto memory = on(managed{} | always_prefetch{}, machine);
  const block b = memory.allocate(1_MiB);
  BOOST_CHECK(b);
  BOOST_CHECK_EQUAL(memory.skipped_hints(), 3U);
  memory.deallocate(b);
}

BOOST_AUTO_TEST_CASE(in_strict_mode_that_hint_is_an_error_and_the_block_goes_back) {
  sim::machine machine{without(attribute::concurrent_managed_access)};
  auto memory = on(managed{} | strict{} | prefer{}, machine);
  const caught<cuda_error> error{[&] { memory.allocate(1_MiB); }};
  BOOST_CHECK_MESSAGE(error.says("cudaMemAdvise failed while placing a block"), error.text);
  BOOST_CHECK_EQUAL(machine.live_blocks(), 0U);
}

BOOST_AUTO_TEST_CASE(a_hint_under_capture_is_skipped_and_the_capture_stays_whole) {
  sim::machine machine{tests::small_h200};
  auto memory = on(managed{} | always_prefetch{}, machine);
  const stream s = machine.create_stream();
  BOOST_REQUIRE(machine.begin_capture(s).ok());
  const block b = memory.allocate(1_MiB, s);
  const block legacy = memory.allocate(1_MiB);  // the legacy stream would join the capture
  BOOST_CHECK_EQUAL(memory.skipped_hints(), 2U);
  BOOST_CHECK(machine.end_capture(s).ok());
  memory.deallocate(b, s);
  memory.deallocate(legacy);
}

BOOST_AUTO_TEST_CASE(an_unknown_numa_node_of_a_pool_is_an_error_that_names_the_call) {
  sim::machine machine{tests::small_gh200_egm};
  const auto refuse = [&](const auto& recipe) {
    auto memory = on(recipe, machine);
    const caught<cuda_error> error{[&] { memory.allocate(1_MiB); }};
    BOOST_CHECK_MESSAGE(error.says("cudaMemPoolCreate failed while taking 1 MiB of memory"), error.text);
    BOOST_CHECK_EQUAL(machine.live_pools(), 0U);
  };
  refuse(managed_pool{location::host_numa(99)});
  refuse(egm{location::host_numa(99)});
}

BOOST_AUTO_TEST_CASE(a_policy_that_throws_costs_nothing) {
  sim::machine machine{tests::small_h200};
  auto memory = on(managed{} | prefer{} | fails_always{}, machine);
  BOOST_CHECK_THROW(memory.allocate(1_MiB), cuda_error);
  BOOST_CHECK_EQUAL(machine.live_blocks(), 0U);
}

BOOST_AUTO_TEST_CASE(system_memory_needs_a_gpu_that_reads_it) {
  sim::machine machine{tests::small_h200};
  auto memory = on(cmm::system{}, machine);
  const caught<cuda_error> error{[&] { memory.allocate(1_MiB); }};
  BOOST_CHECK_MESSAGE(error.says("this machine does not support it"), error.text);
}

BOOST_AUTO_TEST_CASE(a_free_waits_for_the_work_of_its_stream) {
  sim::machine machine{tests::small_h200};
  auto memory = on(managed{}, machine);
  const stream s = machine.create_stream();
  const block b = memory.allocate(1_MiB, s);
  static_cast<void>(machine.gpu_compute(1e9, s));
  const auto before = machine.now();
  memory.deallocate(b, s);
  BOOST_CHECK_GE(machine.now() - before, 1'000'000'000 - 1000);
}

BOOST_AUTO_TEST_CASE(a_block_that_cannot_be_freed_is_kept_and_freed_at_the_end) {
  sim::machine machine{tests::small_h200};
  {
    auto memory = on(managed{}, machine);
    const block b = memory.allocate(1_MiB);
    machine.fail_nth("cudaFree", 1, errc::illegal_address);
    memory.deallocate(b);
    BOOST_CHECK_EQUAL(memory.upstream().held_blocks(), 1U);
    BOOST_CHECK_EQUAL(machine.live_blocks(), 1U);
  }
  BOOST_CHECK_EQUAL(machine.live_blocks(), 0U);
}

BOOST_AUTO_TEST_CASE(a_block_freed_in_a_capture_waits_for_the_end_of_the_allocator) {
  sim::machine machine{tests::small_h200};
  {
    auto memory = on(managed_pool{}, machine);
    const stream s = machine.create_stream();
    const block before = memory.allocate(1_MiB, s);
    BOOST_REQUIRE(machine.begin_capture(s).ok());
    BOOST_CHECK_THROW(memory.allocate(1_MiB, s), cuda_error);  // a driver's pool serves no graph
    memory.deallocate(before, s);
    BOOST_REQUIRE(machine.end_capture(s).ok());
    BOOST_CHECK_EQUAL(memory.upstream().held_blocks(), 1U);
    BOOST_CHECK_EQUAL(machine.live_blocks(), 1U);
  }
  BOOST_CHECK_EQUAL(machine.live_blocks(), 0U);
}

BOOST_AUTO_TEST_CASE(a_pool_that_access_is_refused_to_is_destroyed_even_if_not_at_once) {
  sim::machine machine{tests::small_gh200_egm};
  {
    auto memory = on(egm{}, machine);
    machine.fail_nth("cudaMemPoolSetAccess", 1, errc::not_supported);
    machine.fail_nth("cudaMemPoolDestroy", 1, errc::not_permitted);
    const caught<cuda_error> error{[&] { memory.allocate(1_MiB); }};
    BOOST_CHECK_MESSAGE(error.says("cudaMemPoolSetAccess failed"), error.text);
    const block again = memory.allocate(1_MiB);
    BOOST_CHECK(machine.gpu_touch(again.data, again.bytes, sim::access::read).ok());
    memory.deallocate(again);
  }
  BOOST_CHECK_EQUAL(machine.live_pools(), 0U);
}

BOOST_AUTO_TEST_CASE(the_device_of_the_thread_is_the_same_afterwards) {
  sim::machine machine{tests::two_h200};
  auto memory = on(managed{} | always_prefetch{} | pool{}, machine);
  const block b = memory.allocate({.bytes = 4096, .device = 1});
  BOOST_CHECK_EQUAL(b.device, 1);
  BOOST_CHECK_EQUAL(sim::api{machine}.enter(current_device).device(), 0);
  memory.deallocate(b);
  BOOST_CHECK_EQUAL(sim::api{machine}.enter(current_device).device(), 0);
}

BOOST_AUTO_TEST_CASE(an_allocator_makes_no_call_before_its_first_request) {
  sim::machine machine{tests::small_gh200_egm};
  {
    auto deep = on(managed{} | egm_numa{} | spill{device_pool{} | pool{}} | pool{} | limit{} | stats{} |
                       trace{} | locked{},
                   machine);
  }
  BOOST_CHECK_EQUAL(machine.calls(), 0U);
}

BOOST_AUTO_TEST_SUITE_END()
