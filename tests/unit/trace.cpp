#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>

#include "support/world.hpp"

using namespace cmm;
using namespace cmm::literals;

BOOST_AUTO_TEST_SUITE(traces)

BOOST_AUTO_TEST_CASE(each_block_is_logged_when_taken_and_when_freed) {
  sim::machine machine{tests::two_h200};
  auto memory = build(managed{} | trace{}, sim::api{machine});
  const stream s = machine.create_stream(1);
  const block a = memory.allocate(4096);
  const block b = memory.allocate({.bytes = 1_MiB, .stream = s, .device = 1});
  memory.deallocate(a);
  memory.deallocate(b, s);
  const auto log = memory.get<trace>().log();
  BOOST_REQUIRE_EQUAL(log.size(), 4U);
  const auto is = [](const trace_event& e, std::uint64_t id, std::size_t bytes, std::uint64_t stream,
                     int device) {
    return e.id == id && e.bytes == bytes && e.stream == stream && e.device == device;
  };
  BOOST_CHECK(is(log[0], 1, 4096, 0, 0));
  BOOST_CHECK(is(log[1], 2, 1_MiB, 1, 1));
  BOOST_CHECK(is(log[2], 1, 0, 0, 0));
  BOOST_CHECK(is(log[3], 2, 0, 1, 1));
  for (std::size_t i = 1; i < 4; ++i) BOOST_CHECK(log[i].nanoseconds >= log[i - 1].nanoseconds);
}

BOOST_AUTO_TEST_CASE(a_reused_address_is_a_new_block) {
  sim::machine machine{tests::small_h200};
  auto memory = build(managed{} | pool{} | trace{}, sim::api{machine});
  for (int i = 0; i < 3; ++i) memory.deallocate(memory.allocate(4096));
  const auto log = memory.get<trace>().log();
  BOOST_REQUIRE_EQUAL(log.size(), 6U);
  BOOST_CHECK(log[4].id == 3 && log[5].id == 3 && log[5].bytes == 0);
}

BOOST_AUTO_TEST_CASE(events_beyond_the_most_are_counted_as_dropped) {
  sim::machine machine{tests::small_h200};
  auto memory = build(managed{} | trace{.events = 3}, sim::api{machine});
  const block a = memory.allocate(1);
  const block b = memory.allocate(1);
  memory.deallocate(b);
  memory.deallocate(a);
  BOOST_CHECK_EQUAL(memory.get<trace>().log().size(), 3U);
  BOOST_CHECK_EQUAL(memory.get<trace>().dropped(), 1U);
  const block unlogged = memory.allocate(1);
  memory.deallocate(unlogged);
  BOOST_CHECK_EQUAL(memory.get<trace>().dropped(), 2U);
}

BOOST_AUTO_TEST_CASE(each_call_is_one_closed_range_even_when_it_throws) {
  sim::machine machine{tests::small_h200};
  auto memory = build(managed{} | trace{}, sim::api{machine});
  memory.deallocate(memory.allocate(1));
  machine.fail_nth("cudaMallocManaged", 1, errc::invalid_value);
  BOOST_CHECK_THROW(memory.allocate(1), cuda_error);
  const auto ranges = machine.ranges();
  BOOST_REQUIRE_EQUAL(ranges.size(), 3U);
  BOOST_CHECK_EQUAL(ranges[0], "cmm allocate");
  BOOST_CHECK_EQUAL(ranges[1], "cmm deallocate");
  BOOST_CHECK_EQUAL(machine.open_ranges(), 0);
  BOOST_CHECK_EQUAL(memory.get<trace>().log().size(), 2U);
}

BOOST_AUTO_TEST_SUITE_END()
