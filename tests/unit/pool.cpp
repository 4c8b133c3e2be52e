#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>
#include <vector>

#include "support/death.hpp"
#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(pools)

namespace {

using namespace cmm;
using namespace cmm::literals;

template <class Recipe>
struct pooled {
  explicit pooled(const Recipe& recipe) : memory{build(recipe, sim::api{machine})} {}

  sim::machine machine{tests::small_h200, sim::backing::none};
  decltype(build(std::declval<const Recipe&>(), std::declval<sim::api>())) memory;
  stream s = machine.create_stream();
  stream other = machine.create_stream();

  auto& layer() { return memory.template get<pool>(); }
  std::vector<block> take(int count, std::size_t bytes, stream in) {
    std::vector<block> blocks;
    for (int i = 0; i < count; ++i) blocks.push_back(memory.allocate(bytes, in));
    return blocks;
  }
  void give(const std::vector<block>& blocks, stream in) {
    for (const block& b : blocks) memory.deallocate(b, in);
  }
};
template <class Recipe>
pooled(const Recipe&) -> pooled<Recipe>;

}  // namespace

BOOST_AUTO_TEST_CASE(small_blocks_share_a_segment_and_large_ones_have_their_own) {
  pooled world{managed{} | pool{}};
  const auto small = world.take(16, 1_MiB, world.s);
  BOOST_CHECK_EQUAL(world.layer().reserved_bytes(), 16_MiB);
  BOOST_CHECK_EQUAL(world.layer().cached_bytes(), 0U);
  const auto large = world.take(1, 1_MiB + 1, world.s);
  BOOST_CHECK_EQUAL(world.layer().reserved_bytes(), 18_MiB);
  world.give(small, world.s);
  world.give(large, world.s);
  BOOST_CHECK_EQUAL(world.layer().cached_bytes(), 18_MiB);
}

BOOST_AUTO_TEST_CASE(freed_neighbours_merge_until_the_segment_is_whole) {
  pooled world{managed{} | pool{}};
  auto blocks = world.take(64, 200'000, world.s);
  for (const std::size_t step : {2U, 1U}) {  // every other one first, then the holes between them
    for (std::size_t i = 0; i < blocks.size(); i += step) {
      world.memory.deallocate(std::exchange(blocks[i], {}), world.s);
    }
  }
  BOOST_CHECK_EQUAL(world.layer().cached_bytes(), world.layer().reserved_bytes());
  world.give(world.take(16, 1_MiB, world.s), world.s);  // all of it serves again
  BOOST_CHECK_EQUAL(world.layer().reserved_bytes(), 16_MiB);
  BOOST_CHECK_EQUAL(world.layer().trim(world.s), 16_MiB);
  BOOST_CHECK_EQUAL(world.layer().reserved_bytes(), 0U);
  BOOST_CHECK_EQUAL(world.machine.live_blocks(), 0U);
}

BOOST_AUTO_TEST_CASE(another_stream_gets_a_block_once_its_work_is_done_and_the_pool_does_not_grow) {
  pooled world{managed{} | pool{}};
  const block first = world.memory.allocate(4_MiB, world.s);
  static_cast<void>(world.machine.gpu_compute(1e6, world.s));
  world.memory.deallocate(first, world.s);
  const block meanwhile = world.memory.allocate(4_MiB, world.other);
  BOOST_CHECK_NE(meanwhile.data, first.data);
  BOOST_REQUIRE(sim::api{world.machine}.synchronize(world.s).ok());
  const block later = world.memory.allocate(4_MiB, world.other);
  BOOST_CHECK_EQUAL(later.data, first.data);
  BOOST_CHECK_EQUAL(world.layer().reserved_bytes(), 8_MiB);
  world.give({meanwhile, later}, world.other);
}

BOOST_AUTO_TEST_CASE(at_most_keep_bytes_stay_cached) {
  pooled world{managed{} | pool{.keep = 4_MiB}};
  world.give(world.take(6, 2_MiB, world.s), world.s);
  BOOST_CHECK_EQUAL(world.layer().cached_bytes(), 4_MiB);
  BOOST_CHECK_EQUAL(world.layer().reserved_bytes(), 4_MiB);
  BOOST_CHECK_EQUAL(world.machine.live_blocks(), 2U);
}

BOOST_AUTO_TEST_CASE(a_trim_keeps_what_it_is_told_to_and_live_segments) {
  pooled world{managed{} | pool{}};
  world.give(world.take(5, 2_MiB, world.s), world.s);
  const auto live = world.take(1, 4096, world.s);
  BOOST_CHECK_EQUAL(world.layer().trim(world.s, 16_MiB - 4096 + 4_MiB), 6_MiB);
  BOOST_CHECK_EQUAL(world.layer().trim(world.s), 4_MiB);
  BOOST_CHECK_EQUAL(world.layer().trim(world.s), 0U);
  world.give(live, world.s);
}

BOOST_AUTO_TEST_CASE(a_trim_waits_in_its_stream_for_the_streams_that_freed) {
  pooled world{managed_pool{} | pool{}};
  const block b = world.memory.allocate(4_MiB, world.other);
  static_cast<void>(world.machine.gpu_compute(1e6, world.other));
  const sim::mark last_use = world.machine.mark_of(world.other);
  world.memory.deallocate(b, world.other);
  BOOST_CHECK_EQUAL(world.layer().trim(world.s), 4_MiB);
  BOOST_CHECK(world.machine.ordered_after(last_use, world.s));
}

BOOST_AUTO_TEST_CASE(when_the_upstream_is_empty_what_others_freed_is_waited_for) {
  pooled world{managed{} | limit{6_MiB} | pool{}};
  const block b = world.memory.allocate(6_MiB, world.s);
  static_cast<void>(world.machine.gpu_compute(1e6, world.s));
  const sim::mark last_use = world.machine.mark_of(world.s);
  world.memory.deallocate(b, world.s);
  const block again = world.memory.allocate(5_MiB, world.other);
  BOOST_CHECK_EQUAL(again.data, b.data);
  BOOST_CHECK(world.machine.ordered_after(last_use, world.other));
  world.memory.deallocate(again, world.other);
}

BOOST_AUTO_TEST_CASE(when_the_upstream_is_empty_free_segments_go_back_for_a_larger_one) {
  pooled world{managed{} | limit{8_MiB} | pool{}};
  world.give(world.take(4, 2_MiB, world.s), world.s);
  const block large = world.memory.allocate(7_MiB, world.s);
  BOOST_CHECK(large);
  world.memory.deallocate(large, world.s);
}

BOOST_AUTO_TEST_CASE(a_segment_that_does_not_fit_is_taken_as_small_as_the_request) {
  pooled world{managed{} | limit{4_MiB} | pool{.segment = 16_MiB}};
  const block b = world.memory.allocate(4096, world.s);
  BOOST_CHECK(b);
  BOOST_CHECK_EQUAL(world.layer().reserved_bytes(), 4096U);
  world.memory.deallocate(b, world.s);
}

BOOST_AUTO_TEST_CASE(any_segment_size_serves) {
  for (const std::size_t segment : {std::size_t{0}, std::size_t{1}, std::size_t{3'000'001}, no_limit}) {
    pooled world{managed{} | pool{.segment = segment}};
    const auto blocks = world.take(20, 300'000, world.s);
    for (const block& b : blocks) BOOST_CHECK(b);
    world.give(blocks, world.s);
    world.layer().trim(world.s);
    BOOST_CHECK_EQUAL(world.machine.live_blocks(), 0U);
  }
}

BOOST_AUTO_TEST_CASE(captured_frees_are_parked_until_they_are_forgotten) {
  pooled world{managed{} | pool{}};
  const block b = world.memory.allocate(2_MiB, world.s);
  BOOST_REQUIRE(world.machine.begin_capture(world.s).ok());
  world.memory.deallocate(b, world.s);
  BOOST_CHECK_THROW(world.layer().forget_captures(world.s), bad_request);
  BOOST_REQUIRE(world.machine.end_capture(world.s).ok());
  BOOST_CHECK_EQUAL(world.layer().parked_bytes(), 2_MiB);
  BOOST_CHECK_EQUAL(world.layer().cached_bytes(), 0U);
  BOOST_CHECK_EQUAL(world.layer().trim(world.s), 0U);
  world.layer().forget_captures(world.s);
  BOOST_CHECK_EQUAL(world.layer().parked_bytes(), 0U);
  BOOST_CHECK_EQUAL(world.layer().trim(world.s), 2_MiB);
}

BOOST_AUTO_TEST_CASE(one_capture_reuses_what_it_freed_itself) {
  pooled world{managed{} | pool{}};
  BOOST_REQUIRE(world.machine.begin_capture(world.s).ok());
  const block first = world.memory.allocate(2_MiB, world.s);
  world.memory.deallocate(first, world.s);
  const block again = world.memory.allocate(2_MiB, world.s);
  BOOST_CHECK_EQUAL(again.data, first.data);
  world.memory.deallocate(again, world.s);
  BOOST_REQUIRE(world.machine.end_capture(world.s).ok());
}

BOOST_AUTO_TEST_CASE(a_free_in_the_legacy_stream_costs_no_call_and_is_waited_for_all_the_same) {
  pooled world{managed{} | pool{}};
  const block b = world.memory.allocate(4_MiB);
  BOOST_REQUIRE(world.machine.gpu_compute(1e6).ok());
  const std::size_t asked = world.machine.calls("cudaStreamGetCaptureInfo");
  world.memory.deallocate(b);
  BOOST_CHECK_EQUAL(world.machine.calls("cudaEventRecord"), 0U);
  BOOST_CHECK_EQUAL(world.machine.calls("cudaStreamGetId"), 0U);
  BOOST_CHECK_EQUAL(world.machine.calls("cudaStreamGetCaptureInfo"), asked);
  const block meanwhile = world.memory.allocate(4_MiB, world.s);
  BOOST_CHECK_NE(meanwhile.data, b.data);
  BOOST_REQUIRE(sim::api{world.machine}.synchronize(stream{}).ok());
  const block later = world.memory.allocate(4_MiB, world.other);
  BOOST_CHECK_EQUAL(later.data, b.data);
}

BOOST_AUTO_TEST_CASE(what_the_legacy_stream_freed_it_gets_again_without_a_call) {
  pooled world{managed{} | pool{}};
  const block first = world.memory.allocate(4_MiB);
  world.memory.deallocate(first);
  const std::size_t asked = world.machine.calls("cudaStreamGetCaptureInfo");
  const block again = world.memory.allocate(4_MiB);
  BOOST_CHECK_EQUAL(again.data, first.data);
  BOOST_CHECK_EQUAL(world.machine.calls("cudaStreamGetCaptureInfo"), asked);
  const block missed = world.memory.allocate(4_MiB);
  BOOST_CHECK_NE(missed.data, first.data);
  BOOST_CHECK_GT(world.machine.calls("cudaStreamGetCaptureInfo"), asked);
}

BOOST_AUTO_TEST_CASE(the_legacy_stream_is_left_alone_while_another_is_captured) {
  pooled world{managed{} | pool{.keep = 2_MiB}};
  const block first = world.memory.allocate(4_MiB);
  const block second = world.memory.allocate(4_MiB);
  BOOST_REQUIRE(world.machine.begin_capture(world.s).ok());
  world.memory.deallocate(first);  // as Python does with what goes out of scope during a capture
  world.memory.deallocate(second);
  const block elsewhere = world.memory.allocate(4_MiB, world.other);
  BOOST_CHECK(elsewhere);
  BOOST_REQUIRE(world.machine.end_capture(world.s).ok());
  BOOST_CHECK_EQUAL(world.machine.invalidated_captures(), 0U);
  BOOST_CHECK_EQUAL(world.layer().parked_bytes(), 0U);
  const block again = world.memory.allocate(4_MiB);
  BOOST_CHECK(again.data == first.data || again.data == second.data);
}

BOOST_AUTO_TEST_CASE(what_the_legacy_stream_takes_while_another_is_captured_serves_nobody_else) {
  pooled world{managed{} | pool{}};
  const block cached = world.memory.allocate(4_MiB, world.other);
  world.memory.deallocate(cached, world.other);
  BOOST_REQUIRE(sim::api{world.machine}.synchronize(world.other).ok());
  BOOST_REQUIRE(world.machine.begin_capture(world.s).ok());
  const block taken = world.memory.allocate(4_MiB);
  BOOST_CHECK_NE(taken.data, cached.data);
  world.memory.deallocate(taken);
  BOOST_REQUIRE(world.machine.end_capture(world.s).ok());
  BOOST_CHECK_EQUAL(world.machine.invalidated_captures(), 0U);
  BOOST_CHECK_EQUAL(world.layer().parked_bytes(), 4_MiB);
  world.layer().forget_captures(world.s);
  BOOST_CHECK_EQUAL(world.layer().parked_bytes(), 0U);
}

BOOST_AUTO_TEST_CASE(without_an_event_other_streams_keep_away) {
  pooled world{managed{} | pool{}};
  const block b = world.memory.allocate(4_MiB, world.s);
  world.machine.fail_from("cudaEventRecord", 1, errc::invalid_value);
  world.memory.deallocate(b, world.s);
  BOOST_REQUIRE(sim::api{world.machine}.synchronize(world.s).ok());
  const block elsewhere = world.memory.allocate(4_MiB, world.other);
  BOOST_CHECK_NE(elsewhere.data, b.data);
  const block here = world.memory.allocate(4_MiB, world.s);
  BOOST_CHECK_EQUAL(here.data, b.data);
  world.give({elsewhere, here}, world.s);
}

BOOST_AUTO_TEST_CASE(a_double_free_and_a_foreign_block_end_the_process_with_a_sentence) {
  const auto misuse = [](auto&& wrong) {
    return tests::last_words([&] {
      sim::machine machine{tests::small_h200};
      auto memory = build(managed{} | pool{}, sim::api{machine});
      wrong(memory, memory.allocate(4096));
    });
  };
  const auto twice = misuse([](auto& memory, block b) {
    memory.deallocate(b);
    memory.deallocate(b);
  });
  BOOST_CHECK_MESSAGE(twice.find("freed that this pool did not hand out, or freed twice") != twice.npos,
                      twice);
  const auto foreign = misuse([](auto& memory, block b) {
    memory.deallocate({static_cast<char*>(b.data) + 256, 4096, 0});
  });
  BOOST_CHECK_MESSAGE(foreign.find("free it once, through the allocator it came from") != foreign.npos,
                      foreign);
}

BOOST_AUTO_TEST_SUITE_END()
