#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>
#include <thread>

#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(recorded_streams)

namespace {

using namespace cmm;
using namespace cmm::literals;

struct recorded {
  sim::machine machine{tests::small_h200, sim::backing::none};
  decltype(build(managed{} | pool{} | record_streams{}, std::declval<sim::api>())) memory{
      build(managed{} | pool{} | record_streams{}, sim::api{machine})};
  stream own = machine.create_stream();
  stream user = machine.create_stream();

  auto& layer() { return memory.get<record_streams>(); }
  /// A block that is used in another stream for a while, then freed.
  block used_and_freed(double nanoseconds = 1e6) {
    const block b = memory.allocate(2_MiB, own);
    layer().record(b, user);
    BOOST_REQUIRE(machine.gpu_compute(nanoseconds, user).ok());
    memory.deallocate(b, own);
    return b;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_block_is_not_reused_before_the_recorded_stream_has_come_past_its_free) {
  recorded world;
  const block b = world.used_and_freed();
  BOOST_CHECK_EQUAL(world.layer().waiting(), 1U);
  const block meanwhile = world.memory.allocate(2_MiB, world.own);
  BOOST_CHECK_NE(meanwhile.data, b.data);
  BOOST_REQUIRE(sim::api{world.machine}.synchronize(world.user).ok());
  const block later = world.memory.allocate(2_MiB, world.own);
  BOOST_CHECK_EQUAL(later.data, b.data);
  BOOST_CHECK_EQUAL(world.layer().waiting(), 0U);
  world.memory.deallocate(meanwhile, world.own);
  world.memory.deallocate(later, world.own);
}

BOOST_AUTO_TEST_CASE(neither_stream_is_held_up_by_a_free) {
  recorded world;
  const std::int64_t before = world.machine.done_at(world.own);
  world.used_and_freed(1e9);
  BOOST_CHECK_LT(world.machine.done_at(world.own) - before, 1'000'000);
}

BOOST_AUTO_TEST_CASE(a_block_recorded_in_its_own_stream_is_reused_at_once) {
  recorded world;
  const block b = world.memory.allocate(2_MiB, world.own);
  world.layer().record(b, world.own);
  world.memory.deallocate(b, world.own);
  BOOST_CHECK_EQUAL(world.layer().waiting(), 0U);
  BOOST_CHECK_EQUAL(world.memory.allocate(2_MiB, world.own).data, b.data);
}

BOOST_AUTO_TEST_CASE(exhaustion_waits_for_the_blocks_that_wait) {
  sim::machine machine{tests::small_h200, sim::backing::none};
  auto memory = build(managed{} | limit{2_MiB} | pool{} | record_streams{}, sim::api{machine});
  const stream own = machine.create_stream();
  const stream user = machine.create_stream();
  const block b = memory.allocate(2_MiB, own);
  memory.get<record_streams>().record(b, user);
  BOOST_REQUIRE(machine.gpu_compute(1e9, user).ok());
  memory.deallocate(b, own);
  const block again = memory.allocate(2_MiB, own);
  BOOST_CHECK_EQUAL(again.data, b.data);
  memory.deallocate(again, own);
}

BOOST_AUTO_TEST_CASE(a_block_used_in_a_capture_stays_with_it) {
  recorded world;
  const block b = world.memory.allocate(2_MiB, world.own);
  world.layer().record(b, world.user);
  BOOST_REQUIRE(world.machine.begin_capture(world.user).ok());
  world.memory.deallocate(b, world.own);
  BOOST_REQUIRE(world.machine.end_capture(world.user).ok());
  BOOST_CHECK_EQUAL(world.layer().waiting(), 0U);
  BOOST_CHECK_EQUAL(world.memory.get<pool>().parked_bytes(), 2_MiB);
  BOOST_CHECK_EQUAL(world.machine.invalidated_captures(), 0U);
}

BOOST_AUTO_TEST_CASE(without_an_event_the_host_waits) {
  recorded world;
  const block b = world.memory.allocate(2_MiB, world.own);
  world.layer().record(b, world.user);
  BOOST_REQUIRE(world.machine.gpu_compute(1e6, world.user).ok());
  world.machine.fail_nth("cudaEventRecord", 2, errc::invalid_value);
  world.memory.deallocate(b, world.own);
  BOOST_CHECK_EQUAL(world.layer().waiting(), 0U);
  BOOST_CHECK_LE(world.machine.done_at(world.user), world.machine.now());
  BOOST_CHECK_EQUAL(world.memory.allocate(2_MiB, world.own).data, b.data);
}

BOOST_AUTO_TEST_CASE(what_still_waits_is_given_back_at_the_end) {
  sim::machine machine{tests::small_h200, sim::backing::none};
  {
    auto memory = build(managed{} | pool{} | record_streams{}, sim::api{machine});
    const stream own = machine.create_stream();
    const block b = memory.allocate(2_MiB, own);
    const stream user = machine.create_stream();
    memory.get<record_streams>().record(b, user);
    BOOST_REQUIRE(machine.gpu_compute(1e6, user).ok());
    memory.deallocate(b, own);
  }
  BOOST_CHECK_EQUAL(machine.live_blocks(), 0U);
  BOOST_CHECK_EQUAL(machine.live_events(), 0U);
  BOOST_CHECK_EQUAL(machine.misuses(), 0U);
}

BOOST_AUTO_TEST_CASE(the_default_streams_of_two_threads_are_two_streams) {
  for (const stream handle : {stream{}, stream::per_thread()}) {
    sim::machine machine{tests::small_h200, sim::backing::none, stream::per_thread()};
    auto memory = build(managed{} | pool{} | record_streams{}, sim::api{machine});
    const block b = memory.allocate(2_MiB, handle);
    sim::mark last_use;
    std::thread{[&] {
      memory.get<record_streams>().record(b, handle);
      BOOST_CHECK(machine.gpu_compute(1e6, handle).ok());
      last_use = machine.mark_of(handle);
    }}.join();
    memory.deallocate(b, handle);
    BOOST_CHECK_EQUAL(memory.get<record_streams>().waiting(), 1U);
    BOOST_CHECK_NE(memory.allocate(2_MiB, handle).data, b.data);
    memory.get<record_streams>().flush();
    const block again = memory.allocate(2_MiB, handle);
    BOOST_CHECK_EQUAL(again.data, b.data);
    BOOST_CHECK(machine.ordered_after(last_use, handle));
  }
}

BOOST_AUTO_TEST_CASE(both_handles_of_a_default_stream_are_one_stream) {
  recorded world;
  const block b = world.memory.allocate(2_MiB);
  world.layer().record(b, stream::legacy());
  world.memory.deallocate(b);
  BOOST_CHECK_EQUAL(world.layer().waiting(), 0U);
}

BOOST_AUTO_TEST_CASE(a_default_stream_is_recorded_for_the_device_of_its_thread) {
  sim::machine machine{tests::two_h200, sim::backing::none};
  auto memory = build(managed{} | pool{} | record_streams{}, sim::api{machine});
  const block b = memory.allocate(2_MiB);
  machine.set_device(1);
  memory.get<record_streams>().record(b, stream{});
  BOOST_REQUIRE(machine.gpu_compute(1e6).ok());
  const sim::mark last_use = machine.mark_of(stream{});
  machine.set_device(0);
  memory.deallocate(b);
  BOOST_CHECK_EQUAL(memory.get<record_streams>().waiting(), 1U);
  memory.get<record_streams>().flush();
  BOOST_CHECK_EQUAL(memory.allocate(2_MiB).data, b.data);
  BOOST_CHECK(machine.ordered_after(last_use, stream{}));
}

BOOST_AUTO_TEST_CASE(the_legacy_stream_is_waited_for_once_the_capture_of_another_is_over) {
  recorded world;
  const stream captured = world.machine.create_stream();
  const block b = world.memory.allocate(2_MiB);
  world.layer().record(b, world.user);
  BOOST_REQUIRE(world.machine.gpu_compute(1e6, world.user).ok());
  const sim::mark last_use = world.machine.mark_of(world.user);
  BOOST_REQUIRE(world.machine.begin_capture(captured).ok());
  world.memory.deallocate(b);
  world.layer().flush();
  BOOST_CHECK_EQUAL(world.layer().waiting(), 1U);
  BOOST_REQUIRE(world.machine.end_capture(captured).ok());
  BOOST_CHECK_EQUAL(world.machine.invalidated_captures(), 0U);
  world.layer().flush();
  BOOST_CHECK_EQUAL(world.layer().waiting(), 0U);
  BOOST_CHECK_EQUAL(world.memory.allocate(2_MiB).data, b.data);
  BOOST_CHECK(world.machine.ordered_after(last_use, stream{}));
}

BOOST_AUTO_TEST_SUITE_END()
