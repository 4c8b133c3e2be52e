#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmm/sim.hpp>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(placed_prefetch)

namespace {

using namespace cmm;
using tests::small_h200;

struct seen {
  std::mutex lock;
  std::set<std::uint64_t> streams;
  std::size_t pieces = 0;
  std::size_t bytes = 0;
};

/// Notes in which stream each prefetch ran.
struct watched : sim::api {
  seen* notes;

  watched(sim::machine& machine, seen& into) : sim::api{machine}, notes{&into} {}

  status prefetch(void* p, std::size_t bytes, location where, stream s) {
    std::uint64_t id = 0;
    static_cast<void>(stream_id(s, id));
    {
      const std::scoped_lock guard{notes->lock};
      notes->streams.insert(id);
      ++notes->pieces;
      notes->bytes += bytes;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{1});  // so that every helper gets a piece
    return sim::api::prefetch(p, bytes, where, s);
  }
};

}  // namespace

using namespace cmm::literals;

BOOST_AUTO_TEST_CASE(pieces_of_several_threads_cover_the_block_once) {
  sim::machine machine{small_h200};
  seen notes;
  auto memory = build(managed{} | prefetch{.threads = 4, .piece = 1_MiB}, watched{machine, notes});
  const stream s = machine.create_stream();
  const block b = memory.allocate(9_MiB + 5, s);
  BOOST_CHECK_EQUAL(notes.bytes, 9_MiB + 5);
  BOOST_CHECK_EQUAL(notes.pieces, 10U);
  BOOST_CHECK_EQUAL(machine.resident(b.data, b.bytes, location::device(0)), b.bytes);
  memory.deallocate(b, s);
}

BOOST_AUTO_TEST_CASE(pieces_on_a_per_thread_default_stream_stay_in_the_stream_of_the_caller) {
  sim::machine machine{small_h200};
  seen notes;
  auto memory = build(managed{} | prefetch{.threads = 4, .piece = 1_MiB}, watched{machine, notes});
  const block b = memory.allocate(64_MiB, tests::per_thread_stream);
  BOOST_CHECK_EQUAL(notes.streams.size(), 1U);
  BOOST_CHECK_EQUAL(notes.bytes, 64_MiB);
  memory.deallocate(b, tests::per_thread_stream);
}

/// Whatever the scheduler does with the threads.
BOOST_AUTO_TEST_CASE(the_simulated_time_of_several_threads_is_the_same_each_run) {
  std::set<std::int64_t> times;
  for (int run = 0; run < 40; ++run) {
    sim::machine machine{small_h200};
    auto memory = build(managed{} | prefetch{.threads = 8, .piece = 2_MiB}, sim::api{machine});
    const stream s = machine.create_stream();
    const auto begin = machine.now();
    const block b = memory.allocate(154_MiB, s);
    static_cast<void>(memory.api().synchronize(s));
    times.insert(static_cast<std::int64_t>(machine.now() - begin));
    memory.deallocate(b, s);
  }
  BOOST_CHECK_EQUAL(times.size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_block_of_less_than_two_pieces_is_one_call) {
  sim::machine machine{small_h200};
  seen notes;
  auto memory = build(managed{} | prefetch{.threads = 4, .piece = 1_MiB}, watched{machine, notes});
  const block b = memory.allocate(2_MiB - 1);
  BOOST_CHECK_EQUAL(notes.pieces, 1U);
  memory.deallocate(b);
}

BOOST_AUTO_TEST_CASE(a_piece_that_fails_costs_the_request_and_gives_the_block_back) {
  sim::machine machine{small_h200};
  auto memory = build(managed{} | prefetch{.threads = 4, .piece = 1_MiB}, sim::api{machine});
  machine.fail_nth("cudaMemPrefetchAsync", 5, errc::invalid_value);
  BOOST_CHECK_THROW(memory.allocate(16_MiB), cuda_error);
  BOOST_CHECK_EQUAL(machine.live_blocks(), 0U);
}

BOOST_AUTO_TEST_SUITE_END()
