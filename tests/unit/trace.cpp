#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>
#include <thread>

#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(traces)

using namespace cmm;
using namespace cmm::literals;

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

/// A driver that gives the handle of a destroyed stream to the next one.
struct one_handle : sim::api {
  static inline const stream handle{reinterpret_cast<void*>(0x70)};
  stream* behind = nullptr;

  status stream_id(stream s, std::uint64_t& id) { return sim::api::stream_id(real(s), id); }
  status capture_of(stream s, std::uint64_t& id) { return sim::api::capture_of(real(s), id); }
  using sim::api::synchronize;
  status synchronize(stream s) { return sim::api::synchronize(real(s)); }

 private:
  [[nodiscard]] stream real(stream s) const { return s == handle ? *behind : s; }
};

BOOST_AUTO_TEST_CASE(a_reused_handle_is_a_new_stream) {
  sim::machine machine{tests::small_h200};
  stream behind = machine.create_stream();
  auto memory = build(managed{} | trace{}, one_handle{sim::api{machine}, &behind});
  memory.deallocate(memory.allocate(4096), stream{});
  memory.deallocate(memory.allocate(4096, one_handle::handle), one_handle::handle);
  machine.destroy_stream(behind);
  behind = machine.create_stream();
  memory.deallocate(memory.allocate(4096, one_handle::handle), one_handle::handle);
  std::vector<std::uint64_t> streams;
  for (const trace_event& e : memory.get<trace>().log()) streams.push_back(e.stream);
  BOOST_TEST(streams == (std::vector<std::uint64_t>{0, 0, 1, 1, 2, 2}), boost::test_tools::per_element{});
}

BOOST_AUTO_TEST_CASE(default_streams_of_two_devices_and_of_two_threads_are_two) {
  sim::machine machine{tests::two_h200};
  auto memory = build(managed{} | trace{}, sim::api{machine});
  const auto use = [&](int device, stream s) {
    const block b = memory.allocate({.bytes = 4096, .stream = s, .device = device});
    memory.deallocate(b, s);
  };
  for (const int device : {0, 1, 0}) use(device, stream{});
  use(0, stream::per_thread());
  std::thread{[&] { use(0, stream::per_thread()); }}.join();
  const stream own = machine.create_stream();
  for (const int device : {0, 1}) use(device, own);
  std::vector<std::uint64_t> streams;
  for (const trace_event& e : memory.get<trace>().log()) {
    if (e.bytes != 0) streams.push_back(e.stream);
  }
  BOOST_TEST(streams == (std::vector<std::uint64_t>{0, 1, 0, 2, 3, 4, 4}), boost::test_tools::per_element{});
}

BOOST_AUTO_TEST_CASE(a_captured_stream_is_the_one_it_was) {
  sim::machine machine{tests::small_h200};
  auto memory = build(managed{} | pool{} | trace{}, sim::api{machine});
  const stream s = machine.create_stream();
  memory.deallocate(memory.allocate(4096, s), s);
  BOOST_REQUIRE(machine.begin_capture(s).ok());
  memory.deallocate(memory.allocate(4096, s), s);
  BOOST_CHECK(machine.end_capture(s).ok());
  for (const trace_event& e : memory.get<trace>().log()) BOOST_CHECK_EQUAL(e.stream, 0U);
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
