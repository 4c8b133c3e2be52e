#include <deque>
#include <functional>

#include "support/movers/laws.hpp"
#include "support/movers/mover_world.hpp"

BOOST_AUTO_TEST_SUITE(kv_mover)

using cmm::kv::moved_by;
using kind = cmm::kv::moved_by::mover;

namespace {

using tests::mover_world;

const std::vector<moved_by> ways{{kind::registers, 2}, {kind::ring, 3}, {kind::engine, 0}};

}  // namespace

BOOST_AUTO_TEST_CASE(pages_of_any_size_go_where_the_plan_says) {
  mover_world world;
  for (const moved_by how : ways) {
    for (const std::size_t bytes : {16UL, 4112UL, 65536UL})
      tests::pages_go_where_the_plan_says(world, how, 1, bytes);
    for (const std::size_t count : {3UL, 64UL}) tests::pages_go_where_the_plan_says(world, how, count, 4112);
  }
}

BOOST_AUTO_TEST_CASE(plans_follow_each_other) {
  mover_world world;
  for (const moved_by how : ways) tests::plans_follow_each_other(world, how);
}

/// A GPU whose kernels read their pairs only when somebody waits for them.
class late_reader : public cmm::sim::page_copier {
 public:
  using page_copier::page_copier;

  cmm::status move(const cmm::page_moves& what, cmm::page_kernel how, cmm::stream on) {
    kernels_.push_back([this, what, how, on] { return page_copier::move(what, how, on); });
    return {};
  }
  cmm::status pause() {
    if (kernels_.empty()) return {cmm::errc::not_ready, "cudaStreamQuery"};  // it would wait for ever
    const cmm::status moved = kernels_.front()();
    kernels_.pop_front();
    return moved;
  }

 private:
  std::deque<std::function<cmm::status()>> kernels_;
};

class late_world : public mover_world {
 public:
  using copier_type = late_reader;
  late_reader& copier() noexcept { return late_; }

 private:
  late_reader late_{machine()};
};

BOOST_AUTO_TEST_CASE(what_a_kernel_is_told_stands_until_it_has_read_it) {
  late_world world;
  constexpr std::int32_t slots = 64;
  tests::moved_memory memory{world, tests::pieces_apart(1, 4096, slots), slots};
  cmm::kv::mover_settings settings = tests::always({kind::registers, 2});
  settings.steps = 3;
  {
    cmm::kv::mover mover{world.copier(), memory.places(), std::span<const cmm::kv::piece>{memory.pieces()},
                         settings};
    for (int i = 0; i < 10; ++i) memory.run(mover, {10, 11, 12}, world.stream());
    BOOST_TEST(mover.counts().waits == 7);
  }  // which waits for the last ones
  BOOST_TEST(memory.as_expected());
}

/// Whichever call fails, while a mover is made or runs: nothing is lost, nothing is used wrongly.
BOOST_AUTO_TEST_CASE(a_failed_call_loses_nothing) {
  for (const moved_by how : ways) {
    for (std::size_t nth = 1;; ++nth) {
      mover_world world;
      tests::moved_memory memory{world, tests::pieces_apart(2, 4096, 16), 16};
      const auto blocks = world.machine().live_blocks();
      const cmm::kv::slot_pair pairs[] = {{0, 1}, {2, 3}};
      bool failed = false;
      world.machine().fail_nth(nth, cmm::errc::illegal_address);
      try {
        cmm::kv::mover mover{world.copier(), memory.places(),
                             std::span<const cmm::kv::piece>{memory.pieces()}, tests::always(how)};
        mover.run({.up = {pairs, 1}, .swap = {pairs + 1, 1}}, world.stream());
      } catch (const cmm::cuda_error& error) {
        failed = error.code() == cmm::errc::illegal_address;
      }
      world.machine().clear_faults();
      BOOST_TEST(world.machine().misuses() == 0, world.machine().last_misuse());
      if (!failed && nth > 40) break;
      if (!failed) continue;  // a call whose failure only a destructor saw
      BOOST_TEST(world.machine().live_blocks() == blocks,
                 "call " << nth << " of mover " << static_cast<int>(how.what));
      BOOST_TEST(world.machine().live_events() == 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_copy_engine_is_told_of_many_pages_in_batches) {
  mover_world world;
  tests::moved_memory memory{world, tests::pieces_apart(2, 16, 1024), 1024};
  cmm::kv::mover mover{world.copier(), memory.places(), std::span<const cmm::kv::piece>{memory.pieces()},
                       tests::always({kind::engine, 0})};
  memory.run(mover, {256, 0, 0}, world.stream());
  BOOST_TEST(mover.counts().copies == 1);
  memory.run(mover, {300, 257, 0}, world.stream());
  BOOST_TEST(mover.counts().copies == 5);
  BOOST_TEST(memory.as_expected());
}

BOOST_AUTO_TEST_CASE(streams_that_share_the_staging_memory_wait_for_each_other) {
  mover_world world;
  tests::moved_memory memory{world, tests::pieces_apart(1, 4096, 16), 16};
  cmm::kv::mover mover{world.copier(), memory.places(), std::span<const cmm::kv::piece>{memory.pieces()},
                       tests::always({kind::engine, 0})};
  const cmm::stream other = world.machine().create_stream();
  const cmm::kv::slot_pair pairs[] = {{0, 1}, {2, 3}};
  const cmm::sim::mark begin = world.machine().mark_of(world.stream());
  mover.run({.swap = {pairs, 1}}, world.stream());
  BOOST_TEST(!world.machine().ordered_after(begin, other));
  mover.run({.swap = {pairs + 1, 1}}, other);
  BOOST_TEST(world.machine().ordered_after(begin, other));
}

/// What it costs: a kernel takes what its thread blocks reach, and the link when they are many.
BOOST_AUTO_TEST_CASE(more_thread_blocks_are_faster_until_the_link_is_full) {
  mover_world world;
  tests::moved_memory memory{world, tests::pieces_apart(1, 1 << 20, 16), 16};
  const auto rate = [&](moved_by how, cmm::kv::direction way) {
    cmm::kv::mover mover{world.copier(), memory.places(), std::span<const cmm::kv::piece>{memory.pieces()},
                         tests::always(how)};
    const auto begin = world.machine().done_at(world.stream());
    memory.run(mover, {way == cmm::kv::direction::up ? 16 : 0, way == cmm::kv::direction::down ? 16 : 0, 0},
               world.stream());
    return (16 << 20) / static_cast<double>(world.machine().done_at(world.stream()) - begin);
  };
  using cmm::kv::direction;
  const auto& costs = cmm::sim::h200_pcie.movers;
  BOOST_TEST(rate({kind::registers, 1}, direction::up) == costs.up.value, boost::test_tools::tolerance(0.03));
  BOOST_TEST(rate({kind::ring, 1}, direction::down) == costs.ring_down.value,
             boost::test_tools::tolerance(0.03));
  BOOST_TEST(rate({kind::registers, 8}, direction::up) == cmm::sim::h200_pcie.link.remote_read.value,
             boost::test_tools::tolerance(0.03));
}

BOOST_AUTO_TEST_SUITE_END()
