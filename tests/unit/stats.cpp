#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>

#include "support/death.hpp"
#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(statistics)

using namespace cmm;
using namespace cmm::literals;

BOOST_AUTO_TEST_CASE(each_device_is_counted_apart_and_the_peak_of_all_is_that_of_the_sum) {
  sim::machine machine{tests::two_h200};
  auto memory = build(managed{} | stats{}, sim::api{machine});
  auto& counts = memory.get<stats>();
  const block a = memory.allocate({.bytes = 3_MiB, .device = 0});
  memory.deallocate(a);
  const block b = memory.allocate({.bytes = 2_MiB, .device = 1});
  BOOST_CHECK_EQUAL(counts.on(0).peak_bytes, 3_MiB);
  BOOST_CHECK_EQUAL(counts.on(0).live_bytes, 0U);
  BOOST_CHECK_EQUAL(counts.on(1).live_bytes, 2_MiB);
  BOOST_CHECK_EQUAL(counts.on(1).live_blocks, 1U);
  BOOST_CHECK_EQUAL(counts.all().peak_bytes, 3_MiB);
  BOOST_CHECK_EQUAL(counts.all().allocations, 2U);
  counts.reset_peaks();
  BOOST_CHECK_EQUAL(counts.on(0).peak_bytes, 0U);
  BOOST_CHECK_EQUAL(counts.all().peak_bytes, 2_MiB);
  memory.deallocate(b);
}

BOOST_AUTO_TEST_CASE(an_empty_block_and_an_exception_both_count_as_failed) {
  sim::machine machine{tests::two_h200};
  auto memory = build(managed{} | limit{1_MiB} | stats{}, sim::api{machine});
  BOOST_CHECK(!memory.allocate({.bytes = 2_MiB, .device = 1}));
  machine.fail_nth("cudaMallocManaged", 1, errc::invalid_value);
  BOOST_CHECK_THROW(memory.allocate({.bytes = 4096, .device = 0}), cuda_error);
  BOOST_CHECK_EQUAL(memory.get<stats>().on(0).failed, 1U);
  BOOST_CHECK_EQUAL(memory.get<stats>().on(1).failed, 1U);
  BOOST_CHECK_EQUAL(memory.get<stats>().all().failed, 2U);
  BOOST_CHECK_EQUAL(memory.get<stats>().all().allocations, 0U);
}

BOOST_AUTO_TEST_CASE(hints_skipped_by_every_source_below_are_counted) {
  auto profile = tests::small_h200;
  profile.capabilities[static_cast<std::size_t>(attribute::concurrent_managed_access)] = {0, "assumed"};
  sim::machine machine{profile};
  auto memory =
      build(managed{} | prefer{} | spill{managed{} | always_prefetch{}, {.budget = 1_MiB}} | stats{},
            sim::api{machine});
  const block fast = memory.allocate(1_MiB);
  BOOST_CHECK_EQUAL(memory.get<stats>().all().skipped_hints, 3U);
  const block slow = memory.allocate(1_MiB);
  BOOST_CHECK_EQUAL(memory.get<stats>().all().skipped_hints, 4U);
  BOOST_CHECK_EQUAL(memory.skipped_hints(), 4U);
  memory.deallocate(fast);
  memory.deallocate(slow);
}

BOOST_AUTO_TEST_CASE(a_block_of_another_allocator_ends_the_process_in_debug_builds) {
  const auto words = tests::last_words([] {
    sim::machine machine{tests::small_h200};
    stats::counted<placed<managed, sim::api>, true> mine{stats{}, sim::api{machine}, managed{}};
    placed<managed, sim::api> other{sim::api{machine}, managed{}};
    mine.deallocate(other.allocate({.bytes = 4096}), {});
  });
  BOOST_CHECK_MESSAGE(words.find("through an allocator that did not hand it out") != words.npos, words);
}

BOOST_AUTO_TEST_SUITE_END()
