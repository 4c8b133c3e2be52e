#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cmm/core/units.hpp"
#include "cmm/sim/api.hpp"
#include "cmm/sim/profiles.hpp"

BOOST_AUTO_TEST_SUITE(sim_streams)

namespace {

using namespace cmm;
using namespace cmm::literals;
using sim::access;

struct world {
  world() { BOOST_REQUIRE(api.allocate_device(p, 1_GiB).ok()); }

  void kernel(stream on) { BOOST_REQUIRE(machine.gpu_touch(p, 1_GiB, access::write, 0, on).ok()); }
  event recorded(stream on) {
    event e;
    BOOST_REQUIRE(api.create_event(e).ok() && api.record(e, on).ok());
    return e;
  }
  std::uint64_t id_of(stream s) {
    std::uint64_t id = 0;
    BOOST_REQUIRE(api.stream_id(s, id).ok());
    return id;
  }

  sim::machine machine{sim::h200_pcie};
  sim::api api{machine};
  stream a = machine.create_stream();
  stream b = machine.create_stream();
  void* p = nullptr;
};

/// What a kernel of `world` takes from its launch until the host knows of its end.
const double alone = 1_GiB / sim::h200_pcie.hbm.write + sim::h200_pcie.calls.launch +
                     sim::h200_pcie.gpu.launch + sim::h200_pcie.calls.wait;

const stream per_thread{reinterpret_cast<void*>(2)};

bool is(status got, errc code, std::string_view call) { return got.code == code && call == got.call; }

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_kernel_takes_the_stream_time_and_the_host_only_its_launch_until_it_waits, world) {
  const auto start = machine.now();
  kernel(a);
  BOOST_CHECK_EQUAL(machine.now(), start + static_cast<std::int64_t>(sim::h200_pcie.calls.launch));
  BOOST_REQUIRE(api.synchronize(a).ok());
  BOOST_CHECK_CLOSE(static_cast<double>(machine.now() - start), alone, 1);
}

BOOST_FIXTURE_TEST_CASE(streams_run_side_by_side_and_an_event_joins_them, world) {
  const auto start = machine.now();
  kernel(a);
  kernel(b);
  BOOST_REQUIRE(api.wait(b, recorded(a)).ok());
  kernel(b);
  BOOST_REQUIRE(api.synchronize(b).ok());
  BOOST_CHECK_CLOSE(static_cast<double>(machine.now() - start), 2 * alone, 3);
}

BOOST_FIXTURE_TEST_CASE(an_event_is_not_ready_until_its_work_is_done, world) {
  kernel(a);
  const event e = recorded(a);
  BOOST_CHECK(is(api.query(e), errc::not_ready, "cudaEventQuery"));
  BOOST_CHECK(api.synchronize(e).ok());
  BOOST_CHECK(api.query(e).ok());
  BOOST_CHECK_EQUAL(machine.live_events(), 1U);
  BOOST_CHECK(api.destroy_event(e).ok());
  BOOST_CHECK_EQUAL(machine.live_events(), 0U);
  BOOST_CHECK(is(api.destroy_event(e), errc::invalid_value, "cudaEventDestroy"));
  BOOST_CHECK_EQUAL(machine.misuses(), 1U);
}

BOOST_FIXTURE_TEST_CASE(asking_again_lets_time_pass, world) {
  kernel(a);
  const event e = recorded(a);
  int polls = 0;
  while (!api.query(e).ok()) BOOST_REQUIRE_LT(++polls, 1'000'000);
  BOOST_CHECK_GT(polls, 1);
}

BOOST_FIXTURE_TEST_CASE(another_stream_is_ordered_only_by_an_event_or_the_host, world) {
  kernel(a);
  const sim::mark m = machine.mark_of(a);
  BOOST_CHECK(machine.ordered_after(m, a));
  BOOST_CHECK(!machine.ordered_after(m, b));
  BOOST_REQUIRE(api.wait(b, recorded(a)).ok());
  BOOST_CHECK(machine.ordered_after(m, b));

  const sim::mark later = machine.mark_of(a);
  BOOST_CHECK(!machine.ordered_after(later, b));
  BOOST_REQUIRE(api.synchronize(a).ok());
  BOOST_CHECK(machine.ordered_after(later, b));
}

BOOST_FIXTURE_TEST_CASE(an_event_recorded_before_the_mark_does_not_order_it, world) {
  const event early = recorded(a);
  const sim::mark m = machine.mark_of(a);
  BOOST_REQUIRE(api.wait(b, early).ok());
  BOOST_CHECK(!machine.ordered_after(m, b));
}

BOOST_FIXTURE_TEST_CASE(order_passes_through_a_third_stream, world) {
  const stream c = machine.create_stream();
  const sim::mark m = machine.mark_of(a);
  BOOST_REQUIRE(api.wait(b, recorded(a)).ok());
  BOOST_REQUIRE(api.wait(c, recorded(b)).ok());
  BOOST_CHECK(machine.ordered_after(m, c));
}

BOOST_FIXTURE_TEST_CASE(a_destroyed_stream_is_a_misuse_and_its_id_never_returns, world) {
  const auto old = id_of(a);
  machine.destroy_stream(a);
  BOOST_CHECK(is(api.synchronize(a), errc::invalid_value, "cudaStreamSynchronize"));
  BOOST_CHECK_EQUAL(machine.misuses(), 1U);
  const stream c = machine.create_stream();
  BOOST_CHECK(!(c == a));
  BOOST_CHECK_NE(id_of(c), old);
}

BOOST_FIXTURE_TEST_CASE(each_thread_has_its_own_default_stream, world) {
  const auto mine = id_of(per_thread);
  std::uint64_t theirs = mine;
  std::thread{[&] { static_cast<void>(api.stream_id(per_thread, theirs)); }}.join();
  BOOST_CHECK_NE(theirs, mine);
  BOOST_CHECK_EQUAL(id_of(per_thread), mine);
  BOOST_CHECK_NE(id_of(stream{}), mine);
}

BOOST_AUTO_TEST_CASE(the_null_handle_means_the_default_stream_that_the_program_was_compiled_for) {
  for (const stream null : {stream::legacy(), stream::per_thread()}) {
    sim::machine machine{sim::h200_pcie, sim::backing::none, null};
    sim::api api{machine};
    BOOST_CHECK(api.default_stream() == null);
    std::uint64_t ids[3] = {};
    BOOST_REQUIRE(api.stream_id(stream{}, ids[0]).ok());
    BOOST_REQUIRE(api.stream_id(stream::legacy(), ids[1]).ok());
    BOOST_REQUIRE(api.stream_id(stream::per_thread(), ids[2]).ok());
    BOOST_CHECK_NE(ids[1], ids[2]);
    BOOST_CHECK_EQUAL(ids[0], null == stream::legacy() ? ids[1] : ids[2]);
    BOOST_CHECK_EQUAL(machine.begin_capture(stream{}).ok(), null == stream::per_thread());
  }
}

BOOST_FIXTURE_TEST_CASE(work_in_the_legacy_stream_comes_after_that_of_every_per_thread_one, world) {
  sim::mark theirs;
  std::thread{[&] {
    kernel(per_thread);
    theirs = machine.mark_of(per_thread);
  }}.join();
  BOOST_CHECK(!machine.ordered_after(theirs, a));
  BOOST_REQUIRE(api.wait(a, recorded(stream::legacy())).ok());
  BOOST_CHECK(machine.ordered_after(theirs, a));
}

BOOST_FIXTURE_TEST_CASE(what_is_known_of_streams_that_came_and_went_stays_small_and_true, world) {
  const sim::mark before = machine.mark_of(b);
  sim::mark dead;
  for (int i = 0; i < 2000; ++i) {
    const stream s = machine.create_stream();
    BOOST_REQUIRE(machine.gpu_compute(1000, s).ok());
    dead = machine.mark_of(s);
    const event e = recorded(s);
    BOOST_REQUIRE(api.wait(a, e).ok());
    BOOST_REQUIRE(api.synchronize(e).ok() && api.destroy_event(e).ok());
    machine.destroy_stream(s);
  }
  const std::size_t known =
      machine.inspect([&](sim::state& s) { return s.host.size() + s.find(a)->before.size(); });
  BOOST_CHECK_LT(known, 200U);
  BOOST_CHECK(machine.ordered_after(dead, b));
  BOOST_CHECK(!machine.ordered_after(before, a));
}

BOOST_FIXTURE_TEST_CASE(default_streams_of_threads_that_ended_are_forgotten_when_their_work_is_done, world) {
  sim::mark pending;
  std::thread{[&] {
    kernel(per_thread);
    pending = machine.mark_of(per_thread);
  }}.join();
  BOOST_REQUIRE(machine.gpu_compute(1000, per_thread).ok() && api.synchronize(per_thread).ok());
  const std::uint64_t mine = id_of(per_thread);
  sim::mark dead;
  for (int i = 0; i < 500; ++i) {
    std::thread{[&] {
      BOOST_REQUIRE(machine.gpu_compute(1000, per_thread).ok());
      dead = machine.mark_of(per_thread);
      BOOST_REQUIRE(api.synchronize(per_thread).ok());
    }}.join();
  }
  std::size_t known = 0;
  machine.inspect([&](sim::state& s) { s.streams.each([&](const auto&) { ++known; }); });
  BOOST_CHECK_LT(known, 50U);
  BOOST_CHECK(machine.ordered_after(dead, a));
  BOOST_CHECK_EQUAL(id_of(per_thread), mine);
  BOOST_CHECK(!machine.ordered_after(pending, a));
  BOOST_REQUIRE(api.wait(a, recorded(stream::legacy())).ok());
  BOOST_CHECK(machine.ordered_after(pending, a));
}

BOOST_FIXTURE_TEST_CASE(a_destroyed_stream_that_nobody_waited_for_orders_nothing, world) {
  for (int i = 0; i < 100; ++i) {
    const stream s = machine.create_stream();
    BOOST_REQUIRE(machine.gpu_compute(1000, s).ok());
    const sim::mark last_use = machine.mark_of(s);
    machine.destroy_stream(s);
    BOOST_REQUIRE(!machine.ordered_after(last_use, a));
  }
}

BOOST_FIXTURE_TEST_CASE(a_capture_is_seen_on_its_stream_only, world) {
  std::uint64_t id = 0;
  BOOST_REQUIRE(machine.begin_capture(a).ok());
  BOOST_CHECK(api.capture_of(a, id).ok() && id != 0);
  BOOST_CHECK(api.capture_of(b, id).ok() && id == 0);
  BOOST_CHECK(is(api.capture_of(stream{}, id), errc::capture_implicit, "cudaStreamGetCaptureInfo"));
  BOOST_CHECK(machine.end_capture(a).ok());
  BOOST_CHECK(api.capture_of(a, id).ok() && id == 0);
  BOOST_CHECK(api.capture_of(stream{}, id).ok());
}

BOOST_FIXTURE_TEST_CASE(allocation_and_recording_leave_a_capture_whole, world) {
  const event e = recorded(b);
  BOOST_REQUIRE(machine.begin_capture(a).ok());
  void* q = nullptr;
  BOOST_CHECK(api.allocate_managed(q, 1_MiB).ok());
  BOOST_CHECK(api.allocate_device(q, 1_MiB).ok());
  BOOST_CHECK(api.record(e, a).ok());
  BOOST_CHECK(machine.end_capture(a).ok());
  BOOST_CHECK_EQUAL(machine.invalidated_captures(), 0U);
}

BOOST_FIXTURE_TEST_CASE(calls_beside_a_capture_leave_it_whole, world) {
  void* q = nullptr;
  BOOST_REQUIRE(api.allocate_managed(q, 1_MiB).ok());
  const event e = recorded(b);
  BOOST_REQUIRE(machine.begin_capture(a).ok());
  BOOST_CHECK(api.query(e).ok() && api.synchronize(e).ok() && api.synchronize(b).ok() && api.free(q).ok());
  BOOST_CHECK(machine.end_capture(a).ok());
}

BOOST_FIXTURE_TEST_CASE(whatever_waits_breaks_a_capture, world) {
  void* q = nullptr;
  BOOST_REQUIRE(api.allocate_managed(q, 1_MiB).ok());
  const event e = recorded(b);
  event within;
  BOOST_REQUIRE(api.create_event(within).ok());
  const auto breaks = [&](auto call) {
    const auto before = machine.invalidated_captures();
    BOOST_REQUIRE(machine.begin_capture(a).ok());
    BOOST_CHECK(call().code == errc::capture_unsupported);
    BOOST_CHECK(!machine.end_capture(a).ok());
    BOOST_CHECK_EQUAL(machine.invalidated_captures(), before + 1);
  };
  breaks([&] { return api.synchronize(a); });
  breaks([&] { return api.record(within, a).ok() ? api.synchronize(within) : status{}; });
  breaks([&] { return api.record(within, a).ok() ? api.query(within) : status{}; });
  breaks([&] { return api.prefetch(q, 1_MiB, location::device(0), a); });
  breaks([&] { return api.wait(a, e); });
  BOOST_CHECK_EQUAL(machine.live_managed_bytes(), 1_MiB);
}

BOOST_FIXTURE_TEST_CASE(a_capture_forks_into_a_second_stream_and_joins_again, world) {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  BOOST_REQUIRE(machine.begin_capture(a).ok());
  BOOST_CHECK(api.wait(b, recorded(a)).ok());
  BOOST_CHECK(api.capture_of(a, first).ok() && api.capture_of(b, second).ok() && first == second);
  BOOST_CHECK(machine.gpu_compute(1e3, b).ok());
  BOOST_CHECK(api.wait(a, recorded(b)).ok());
  BOOST_CHECK(machine.end_capture(a).ok());
  BOOST_CHECK_EQUAL(machine.invalidated_captures(), 0U);
  BOOST_CHECK(api.capture_of(b, second).ok() && second == 0);
}

BOOST_FIXTURE_TEST_CASE(a_capture_joins_a_stream_through_a_third, world) {
  const stream c = machine.create_stream();
  BOOST_REQUIRE(machine.begin_capture(a).ok());
  BOOST_CHECK(api.wait(b, recorded(a)).ok());
  BOOST_CHECK(api.wait(c, recorded(b)).ok());
  BOOST_CHECK(api.wait(b, recorded(c)).ok());
  BOOST_CHECK(api.wait(a, recorded(b)).ok());
  BOOST_CHECK(machine.end_capture(a).ok());
}

BOOST_FIXTURE_TEST_CASE(a_capture_with_a_stream_that_did_not_join_again_is_invalid, world) {
  const auto breaks = [&](auto fork) {
    const auto before = machine.invalidated_captures();
    BOOST_REQUIRE(machine.begin_capture(a).ok());
    BOOST_CHECK(api.wait(b, recorded(a)).ok());
    fork();
    BOOST_CHECK_EQUAL(machine.invalidated_captures(), before);
    BOOST_CHECK(!machine.end_capture(a).ok());
    BOOST_CHECK_EQUAL(machine.invalidated_captures(), before + 1);
    std::uint64_t id = 1;
    BOOST_CHECK(api.capture_of(b, id).ok() && id == 0);
  };
  breaks([] {});
  breaks([&] { BOOST_CHECK(machine.gpu_compute(1e3, b).ok()); });
  breaks([&] {  // what comes after the join is not joined
    BOOST_CHECK(api.wait(a, recorded(b)).ok());
    BOOST_CHECK(machine.gpu_compute(1e3, b).ok());
  });
}

BOOST_FIXTURE_TEST_CASE(a_capture_ends_in_the_stream_in_which_it_began, world) {
  BOOST_REQUIRE(machine.begin_capture(a).ok());
  BOOST_CHECK(api.wait(b, recorded(a)).ok());
  BOOST_CHECK(!machine.end_capture(b).ok());
  BOOST_CHECK(!machine.end_capture(a).ok());
  BOOST_CHECK_EQUAL(machine.invalidated_captures(), 1U);
}

BOOST_FIXTURE_TEST_CASE(neither_the_legacy_stream_nor_another_capture_joins_a_capture, world) {
  BOOST_REQUIRE(machine.begin_capture(a).ok());
  const event e = recorded(a);
  BOOST_CHECK(is(api.wait(stream{}, e), errc::capture_implicit, "cudaStreamWaitEvent"));
  BOOST_CHECK(!machine.end_capture(a).ok());
  BOOST_REQUIRE(machine.begin_capture(a).ok() && machine.begin_capture(b).ok());
  BOOST_CHECK(is(api.wait(b, recorded(a)), errc::capture_unsupported, "cudaStreamWaitEvent"));
  BOOST_CHECK(!machine.end_capture(b).ok());
  BOOST_CHECK(machine.end_capture(a).ok());
}

BOOST_FIXTURE_TEST_CASE(a_prefetch_behind_pending_work_takes_longer_to_call, world) {
  void* q = nullptr;
  BOOST_REQUIRE(api.allocate_managed(q, 4_MiB).ok());
  const auto call = [&](std::size_t at) {
    const auto start = machine.now();
    BOOST_REQUIRE(api.prefetch(static_cast<char*>(q) + at, 2_MiB, location::device(0), a).ok());
    return machine.now() - start;
  };
  const auto idle = call(0);
  BOOST_REQUIRE(api.synchronize(a).ok());
  BOOST_REQUIRE(machine.gpu_compute(1e9, a).ok());
  BOOST_CHECK_EQUAL(call(2_MiB) - idle, static_cast<std::int64_t>(sim::h200_pcie.prefetch.queued));
}

BOOST_FIXTURE_TEST_CASE(a_prefetch_of_less_than_64_KiB_never_queues, world) {
  void* q = nullptr;
  BOOST_REQUIRE(api.allocate_managed(q, 2_MiB).ok());
  const auto call = [&](std::size_t at) {
    const auto start = machine.now();
    BOOST_REQUIRE(api.prefetch(static_cast<char*>(q) + at, 16_KiB, location::device(0), a).ok());
    return machine.now() - start;
  };
  call(0);
  const auto idle = call(64_KiB);
  BOOST_REQUIRE(machine.gpu_compute(1e9, a).ok());
  BOOST_CHECK_EQUAL(call(128_KiB), idle);
}

BOOST_FIXTURE_TEST_CASE(threads_that_prefetch_overlap_and_everything_else_is_serial, world) {
  const auto elapsed = [&](auto work) {
    const auto start = machine.now();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(work);
    for (std::thread& each : threads) each.join();
    return machine.now() - start;
  };
  void* q = nullptr;
  BOOST_REQUIRE(api.allocate_managed(q, 1_MiB).ok());
  const auto prefetch = [&] { static_cast<void>(api.prefetch(q, 1_MiB, location::device(0), a)); };
  BOOST_REQUIRE(api.prefetch(q, 1_MiB, location::device(0), a).ok());
  BOOST_REQUIRE(api.synchronize(a).ok());
  // The first finds the stream idle; the others queue behind it, all at once.
  const sim::prefetch_costs& costs = sim::h200_pcie.prefetch;
  BOOST_CHECK_EQUAL(elapsed(prefetch), static_cast<std::int64_t>(costs.call + costs.queued));
  BOOST_CHECK_EQUAL(elapsed([&] { static_cast<void>(api.advise(q, 1_MiB, advice::read_mostly, {})); }),
                    static_cast<std::int64_t>(4 * sim::h200_pcie.calls.advise));
}

BOOST_AUTO_TEST_SUITE_END()
