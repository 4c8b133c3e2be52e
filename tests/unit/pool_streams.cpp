#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>
#include <thread>
#include <vector>

#include "support/death.hpp"
#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(pool_streams)

namespace {

using namespace cmm;
using namespace cmm::literals;

template <class Recipe>
struct pooled {
  explicit pooled(const Recipe& recipe, stream null = stream::legacy())
      : machine{tests::two_h200, sim::backing::none, null}, memory{build(recipe, sim::api{machine})} {}

  sim::machine machine;
  decltype(build(std::declval<const Recipe&>(), std::declval<sim::api>())) memory;
  std::vector<sim::mark> last_uses{};  ///< of the streams that used blocks in turn

  auto& layer() { return memory.template get<pool>(); }
  /// Allocates all, works with them for a while, and frees them in turn in the streams.
  std::vector<block> used_in_turn(std::size_t count, std::size_t bytes, const std::vector<stream>& in) {
    std::vector<block> blocks;
    for (std::size_t i = 0; i < count; ++i) blocks.push_back(memory.allocate(bytes, in[i % in.size()]));
    for (const stream s : in) BOOST_REQUIRE(machine.gpu_compute(1e6, s).ok());
    for (const stream s : in) last_uses.push_back(machine.mark_of(s));
    for (std::size_t i = 0; i < count; ++i) memory.deallocate(blocks[i], in[i % in.size()]);
    return blocks;
  }
  std::vector<stream> streams(int count) {
    std::vector<stream> made;
    for (int i = 0; i < count; ++i) made.push_back(machine.create_stream());
    return made;
  }
  void finish(const std::vector<stream>& all) {
    for (const stream s : all) BOOST_REQUIRE(sim::api{machine}.synchronize(s).ok());
  }
  /// A stream that comes, takes a block, gives it back and goes.
  void visit() { visit(256_KiB); }
  void visit(std::size_t bytes) {
    const stream s = machine.create_stream();
    memory.deallocate(memory.allocate(bytes, s), s);
    machine.destroy_stream(s);
  }
  std::size_t calls_of_a_visit() {
    const std::size_t before = machine.calls();
    visit();
    return machine.calls() - before;
  }
};
template <class Recipe>
pooled(const Recipe&) -> pooled<Recipe>;
template <class Recipe>
pooled(const Recipe&, stream) -> pooled<Recipe>;

constexpr auto full = managed{} | limit{16_MiB} | pool{};

}  // namespace

// ---- a pool is not empty while its memory is free

BOOST_AUTO_TEST_CASE(neighbours_that_finished_streams_freed_serve_a_larger_request) {
  for (const int count : {2, 3, 7}) {
    pooled world{full};
    const auto in = world.streams(count);
    world.used_in_turn(256, 64_KiB, in);
    world.finish(in);
    for (const stream s : {in[0], world.machine.create_stream()}) {
      for (int i = 0; i < 8; ++i) BOOST_CHECK(world.memory.allocate(1_MiB, s));
    }
    BOOST_CHECK_EQUAL(world.layer().cached_bytes(), 0U);
  }
}

BOOST_AUTO_TEST_CASE(neighbours_of_streams_that_work_serve_after_one_event_of_each) {
  pooled world{full};
  const auto in = world.streams(3);
  world.used_in_turn(256, 64_KiB, in);
  const stream later = world.machine.create_stream();
  BOOST_REQUIRE(world.memory.allocate(1_MiB, later));
  for (const sim::mark& each : world.last_uses) BOOST_CHECK(world.machine.ordered_after(each, later));
  BOOST_CHECK_EQUAL(world.machine.calls("cudaStreamWaitEvent"), in.size());
}

BOOST_AUTO_TEST_CASE(the_rest_of_what_was_gathered_is_ordered_after_the_same_streams) {
  pooled world{full};
  const auto in = world.streams(2);
  const auto used = world.used_in_turn(256, 64_KiB, in);
  const stream gatherer = world.machine.create_stream();
  BOOST_REQUIRE(world.memory.allocate(100_KiB, gatherer));  // of two blocks, and 28 KiB are left
  const stream third = world.machine.create_stream();
  const auto find = [&](const block& b) {
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (static_cast<char*>(b.data) < static_cast<char*>(used[i].data) + used[i].bytes &&
          b.data >= used[i].data)
        return i;
    }
    return used.size();
  };
  for (block b; (b = world.memory.allocate(20_KiB, third));) {
    const std::size_t before = find(b);
    BOOST_REQUIRE_LT(before, used.size());
    BOOST_CHECK(world.machine.ordered_after(world.last_uses[before % 2], third));
  }
}

BOOST_AUTO_TEST_CASE(a_segment_of_small_blocks_serves_a_large_one_before_a_pool_is_empty) {
  pooled world{full};
  const stream s = world.machine.create_stream();
  const block small = world.memory.allocate(64_KiB, s);
  BOOST_CHECK(world.memory.allocate(8_MiB, s));
  BOOST_CHECK(!world.memory.allocate(8_MiB, s));
  world.memory.deallocate(small, s);
}

BOOST_AUTO_TEST_CASE(nothing_is_gathered_from_live_parked_or_foreign_memory) {
  pooled world{full};
  const auto in = world.streams(2);
  std::vector<block> blocks;
  for (int i = 0; i < 256; ++i) blocks.push_back(world.memory.allocate(64_KiB, in[0]));
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (i % 8 == 0) continue;  // live
    if (i % 8 == 4) BOOST_REQUIRE(world.machine.begin_capture(in[1]).ok());
    world.memory.deallocate(blocks[i], in[1]);
    if (i % 8 == 4) BOOST_REQUIRE(world.machine.end_capture(in[1]).ok());
  }
  world.finish(in);
  BOOST_CHECK(!world.memory.allocate(256_KiB, in[0]));
  const stream elsewhere = world.machine.create_stream(1);
  BOOST_CHECK(!world.memory.allocate({.bytes = 64_KiB, .stream = elsewhere, .device = 1}));
  BOOST_CHECK(world.memory.allocate(192_KiB, in[0]));
  BOOST_CHECK_EQUAL(world.machine.invalidated_captures(), 0U);
}

// ---- streams come and go

BOOST_AUTO_TEST_CASE(time_and_memory_are_those_of_the_streams_in_use_however_many_came) {
  pooled world{managed{} | pool{}};
  for (int i = 0; i < 99; ++i) world.visit();
  const std::size_t hundredth = world.calls_of_a_visit();
  const std::size_t events = world.machine.live_events();
  for (int i = 0; i < 5000; ++i) {
    world.visit();
    BOOST_REQUIRE_LE(world.calls_of_a_visit(), 2 * hundredth);
    BOOST_REQUIRE_LE(world.machine.live_events(), events + 4);
  }
  BOOST_CHECK_EQUAL(world.layer().reserved_bytes(), 16_MiB);
  BOOST_CHECK_LE(world.machine.calls("cudaEventCreateWithFlags"), events + 4);
}

BOOST_AUTO_TEST_CASE(what_a_thousand_streams_freed_is_one_piece_when_they_are_done) {
  pooled world{managed{} | pool{}};
  const stream keeper = world.machine.create_stream();
  std::vector<block> blocks;
  for (int i = 0; i < 1024; ++i) blocks.push_back(world.memory.allocate(16_KiB, keeper));
  for (const block& b : blocks) {
    const stream s = world.machine.create_stream();
    world.memory.deallocate(b, s);
    world.machine.destroy_stream(s);
  }
  BOOST_CHECK_LE(world.machine.live_events(), 128U);
  for (int i = 0; i < 64; ++i) world.visit();
  BOOST_CHECK(world.memory.allocate(1_MiB, keeper));
  BOOST_CHECK_EQUAL(world.layer().reserved_bytes(), 16_MiB);
}

BOOST_AUTO_TEST_CASE(a_stream_that_works_for_long_keeps_what_it_freed_however_many_come) {
  pooled world{managed{} | pool{}};
  const stream busy = world.machine.create_stream();
  const block b = world.memory.allocate(4_MiB, busy);
  BOOST_REQUIRE(world.machine.gpu_compute(1e15, busy).ok());
  world.memory.deallocate(b, busy);
  for (int i = 0; i < 200; ++i) {
    const stream s = world.machine.create_stream();
    const block other = world.memory.allocate(4_MiB, s);
    BOOST_REQUIRE_NE(other.data, b.data);
    world.memory.deallocate(other, s);
  }
}

BOOST_AUTO_TEST_CASE(a_stream_in_use_keeps_its_blocks_without_a_call_while_others_come) {
  pooled world{managed{} | pool{}};
  const stream used = world.machine.create_stream();
  const block first = world.memory.allocate(4_MiB, used);
  world.memory.deallocate(first, used);
  for (int i = 0; i < 100; ++i) {
    world.visit();
    const std::size_t asked = world.machine.calls("cudaEventQuery");
    const block again = world.memory.allocate(4_MiB, used);
    BOOST_REQUIRE_EQUAL(again.data, first.data);
    BOOST_REQUIRE_EQUAL(world.machine.calls("cudaEventQuery"), asked);
    world.memory.deallocate(again, used);
  }
}

BOOST_AUTO_TEST_CASE(captures_outlive_the_streams_that_come) {
  pooled world{managed{} | pool{}};
  const stream s = world.machine.create_stream();
  const block b = world.memory.allocate(4_MiB, s);
  BOOST_REQUIRE(world.machine.begin_capture(s).ok());
  world.memory.deallocate(b, s);
  for (int i = 0; i < 100; ++i) world.visit();
  const block again = world.memory.allocate(4_MiB, s);
  BOOST_CHECK_EQUAL(again.data, b.data);
  world.memory.deallocate(again, s);
  BOOST_REQUIRE(world.machine.end_capture(s).ok());
  for (int i = 0; i < 100; ++i) world.visit();
  BOOST_CHECK_GE(world.layer().parked_bytes(), 4_MiB);
  world.layer().forget_captures(s);
  BOOST_CHECK_EQUAL(world.layer().parked_bytes(), 0U);
  BOOST_CHECK_EQUAL(world.machine.invalidated_captures(), 0U);
}

// ---- what a handle means

BOOST_AUTO_TEST_CASE(the_legacy_stream_is_one_by_both_of_its_handles) {
  pooled world{managed{} | pool{}};
  const block b = world.memory.allocate(4_MiB, stream::legacy());
  world.memory.deallocate(b, stream{});
  BOOST_CHECK_EQUAL(world.memory.allocate(4_MiB, stream::legacy()).data, b.data);
  BOOST_CHECK_EQUAL(world.machine.calls("cudaEventRecord"), 0U);
}

BOOST_AUTO_TEST_CASE(a_null_handle_that_means_a_stream_of_each_thread_is_ordered_by_an_event) {
  for (const stream handle : {stream{}, stream::per_thread()}) {
    pooled world{managed{} | limit{4_MiB} | pool{}, stream::per_thread()};
    block b;
    sim::mark last_use;
    std::thread{[&] {
      b = world.memory.allocate(4_MiB, handle);
      BOOST_CHECK(world.machine.gpu_compute(1e6, handle).ok());
      last_use = world.machine.mark_of(handle);
      world.memory.deallocate(b, handle);
    }}.join();
    BOOST_CHECK_EQUAL(world.machine.calls("cudaEventRecord"), 1U);
    const block again = world.memory.allocate(4_MiB, handle);
    BOOST_CHECK_EQUAL(again.data, b.data);
    BOOST_CHECK_EQUAL(world.machine.calls("cudaStreamWaitEvent"), 1U);
    BOOST_CHECK(world.machine.ordered_after(last_use, handle));
  }
}

BOOST_AUTO_TEST_CASE(the_legacy_stream_is_another_one_where_null_means_that_of_the_thread) {
  pooled world{managed{} | limit{4_MiB} | pool{}, stream::per_thread()};
  const block b = world.memory.allocate(4_MiB);
  BOOST_REQUIRE(world.machine.gpu_compute(1e6).ok());
  const sim::mark last_use = world.machine.mark_of(stream{});
  world.memory.deallocate(b);
  BOOST_CHECK(world.memory.allocate(4_MiB, stream::legacy()));
  BOOST_CHECK(world.machine.ordered_after(last_use, stream::legacy()));
}

BOOST_AUTO_TEST_CASE(threads_that_capture_their_default_streams_do_not_share_blocks) {
  pooled world{managed{} | pool{}, stream::per_thread()};
  block b;
  std::thread{[&] {
    BOOST_CHECK(world.machine.begin_capture(stream{}).ok());
    b = world.memory.allocate(4_MiB);
    world.memory.deallocate(b);
    BOOST_CHECK(world.machine.end_capture(stream{}).ok());
  }}.join();
  BOOST_REQUIRE(world.machine.begin_capture(stream{}).ok());
  BOOST_CHECK_NE(world.memory.allocate(4_MiB).data, b.data);
  BOOST_REQUIRE(world.machine.end_capture(stream{}).ok());
}

// ---- blocks that come back otherwise than they were taken

BOOST_AUTO_TEST_CASE(a_larger_size_and_another_device_end_the_process_with_a_sentence) {
  const auto misuse = [](auto&& changed) {
    return tests::last_words([&] {
      sim::machine machine{tests::two_h200};
      auto memory = build(managed{} | pool{}, sim::api{machine});
      memory.deallocate(changed(memory.allocate(4096)));
    });
  };
  const auto larger = misuse([](block b) { return block{b.data, 4097, b.device}; });
  BOOST_CHECK_MESSAGE(larger.find("freed with a larger size than it was taken with") != larger.npos, larger);
  const auto elsewhere = misuse([](block b) { return block{b.data, b.bytes, 1}; });
  BOOST_CHECK_MESSAGE(elsewhere.find("freed for another device than") != elsewhere.npos, elsewhere);
}

BOOST_AUTO_TEST_SUITE_END()
