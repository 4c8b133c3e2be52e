#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>

#include "support/world.hpp"

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
    layer().record(b.data, user);
    BOOST_REQUIRE(machine.gpu_compute(nanoseconds, user).ok());
    memory.deallocate(b, own);
    return b;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(recorded_streams)

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
  world.layer().record(b.data, world.own);
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
  memory.get<record_streams>().record(b.data, user);
  BOOST_REQUIRE(machine.gpu_compute(1e9, user).ok());
  memory.deallocate(b, own);
  const block again = memory.allocate(2_MiB, own);
  BOOST_CHECK_EQUAL(again.data, b.data);
  memory.deallocate(again, own);
}

BOOST_AUTO_TEST_CASE(a_block_used_in_a_capture_stays_with_it) {
  recorded world;
  const block b = world.memory.allocate(2_MiB, world.own);
  world.layer().record(b.data, world.user);
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
  world.layer().record(b.data, world.user);
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
    memory.get<record_streams>().record(b.data, user);
    BOOST_REQUIRE(machine.gpu_compute(1e6, user).ok());
    memory.deallocate(b, own);
  }
  BOOST_CHECK_EQUAL(machine.live_blocks(), 0U);
  BOOST_CHECK_EQUAL(machine.live_events(), 0U);
  BOOST_CHECK_EQUAL(machine.misuses(), 0U);
}

BOOST_AUTO_TEST_SUITE_END()
