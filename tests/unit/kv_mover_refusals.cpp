#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "support/movers/laws.hpp"
#include "support/movers/mover_world.hpp"

BOOST_AUTO_TEST_SUITE(kv_mover_refusals)

using kind = cmm::kv::moved_by::mover;

namespace {

using tests::mover_world;

/// A mover over one range, half of it in HBM, with what it does not move.
struct small {
  mover_world world;
  tests::moved_memory<mover_world> memory{world, tests::pieces_apart(2, 4096, 16), 16};
  cmm::kv::mover<cmm::sim::page_copier> mover{world.copier(), memory.places(),
                                              std::span<const cmm::kv::piece>{memory.pieces()}};
  cmm::kv::slot_pair pair{3, 5};

  /// Refused in a sentence with these words, before anything is moved or put into a stream.
  void refused(const cmm::kv::plan& plan, const std::string& words, cmm::stream on) {
    const auto calls = world.machine().calls("cudaLaunchKernel");
    BOOST_CHECK_EXCEPTION(mover.run(plan, on), cmm::bad_request, [&](const cmm::bad_request& error) {
      BOOST_TEST(std::string{error.what()}.find(words) != std::string::npos, error.what());
      return true;
    });
    BOOST_TEST(world.machine().calls("cudaLaunchKernel") == calls);
    BOOST_TEST(memory.as_expected());
  }
  void refused(const cmm::kv::plan& plan, const std::string& words) { refused(plan, words, world.stream()); }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(an_empty_plan_costs_no_call, small) {
  const auto calls = world.machine().calls();
  mover.run({}, world.stream());
  mover.run({.step = 7}, world.stream());
  BOOST_TEST(world.machine().calls() == calls);
  BOOST_TEST(mover.counts().plans == 0);
}

BOOST_FIXTURE_TEST_CASE(a_slot_of_another_range_is_refused, small) {
  for (const cmm::kv::slot_pair wrong : {cmm::kv::slot_pair{16, 0}, {-1, 0}, {0, 16}, {0, -1}}) {
    const cmm::kv::slot_pair pairs[] = {pair, wrong};
    const std::string words = "those of this mover are 0 to 15";
    refused({.up = pairs}, words);
    refused({.down = pairs}, words);
    refused({.up = {&pair, 1}, .swap = {&wrong, 1}}, words);
  }
}

BOOST_FIXTURE_TEST_CASE(a_step_is_run_once, small) {
  mover.run({.swap = {&pair, 1}, .step = 4}, world.stream());
  mover.run({.swap = {&pair, 1}}, world.stream());  // nobody counts these: the contents are back
  refused({.swap = {&pair, 1}, .step = 4}, "the plan of step 4 was run, or a later one: up to 4");
  refused({.swap = {&pair, 1}, .step = 3}, "the plan of step 3");
  mover.run({.swap = {&pair, 1}, .step = 9}, world.stream());
  BOOST_TEST(mover.counts().swapped == 3);
}

BOOST_FIXTURE_TEST_CASE(a_refused_plan_may_be_run_when_it_is_right, small) {
  const cmm::kv::slot_pair wrong{16, 0};
  refused({.up = {&wrong, 1}, .step = 4}, "slot 16 as one of the GPU");
  mover.run({.up = {&pair, 1}, .step = 4}, world.stream());
}

BOOST_FIXTURE_TEST_CASE(a_captured_stream_is_refused_and_stays_whole, small) {
  BOOST_REQUIRE(world.machine().begin_capture(world.stream()).ok());
  refused({.up = {&pair, 1}}, "cannot be captured");
  BOOST_TEST(world.machine().end_capture(world.stream()).ok());
}

BOOST_AUTO_TEST_CASE(a_stream_of_another_device_is_refused) {
  cmm::sim::machine machine{cmm::sim::h100_x2};
  cmm::sim::page_copier copier{machine, 1};
  void* fast = nullptr;
  void* beyond = nullptr;
  machine.set_device(1);
  BOOST_REQUIRE(copier.api().allocate_device(fast, 8192).ok());
  BOOST_REQUIRE(machine.allocate_pinned(beyond, 8192).ok());
  machine.set_device(0);
  const cmm::kv::piece piece{0, 4096, 4096};
  {
    cmm::kv::mover mover{copier, {{fast, 0, 2}, {beyond, 0, 2}}, {&piece, 1}};
    const cmm::kv::slot_pair pair{0, 1};
    BOOST_CHECK_EXCEPTION(mover.run({.up = {&pair, 1}, .step = 1}, machine.create_stream(0)),
                          cmm::bad_request, [](const cmm::bad_request& error) {
                            return std::string{error.what()}.starts_with(
                                "this mover is of device 1 and the stream of device 0");
                          });
    const cmm::stream own = machine.create_stream(1);
    mover.run({.up = {&pair, 1}, .step = 1}, own);  // whichever device is current
    BOOST_TEST(machine.done_at(own) > machine.now());
  }
  BOOST_TEST(machine.misuses() == 0);
}

BOOST_FIXTURE_TEST_CASE(a_forked_child_is_refused, small) {
  const pid_t child = fork();
  if (child == 0) {
    bool clear = false;
    try {
      mover.run({.up = {&pair, 1}}, world.stream());
    } catch (const cmm::bad_request& error) {
      clear = std::string{error.what()}.find("forked") != std::string::npos;
    }
    _exit(clear ? 0 : 1);
  }
  int ended = 0;
  BOOST_REQUIRE_EQUAL(waitpid(child, &ended, 0), child);
  BOOST_TEST((WIFEXITED(ended) && WEXITSTATUS(ended) == 0));
}

BOOST_FIXTURE_TEST_CASE(everything_is_counted, small) {
  const cmm::kv::slot_pair pairs[] = {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 6}};
  const std::span all{pairs};
  mover.run({.up = all.first(3), .down = all.subspan(3, 1), .swap = all.last(2)}, world.stream());
  const cmm::kv::mover_counts counts = mover.counts();
  BOOST_TEST(counts.plans == 1);
  BOOST_TEST(counts.up == 3);
  BOOST_TEST(counts.down == 1);
  BOOST_TEST(counts.swapped == 2);
  BOOST_TEST(counts.bytes_up == 5 * 8192);
  BOOST_TEST(counts.bytes_down == 3 * 8192);
  BOOST_TEST(counts.kernels == 1);  // all ways in one
  BOOST_TEST(counts.copies == 0);
  BOOST_TEST(mover.page_bytes() == 8192);
}

BOOST_AUTO_TEST_CASE(pieces_that_a_kernel_cannot_move_are_refused) {
  mover_world world;
  char* const fast = world.take_fast(1 << 16);
  char* const beyond = world.take_beyond(1 << 16);
  const auto refused = [&](cmm::kv::page_places places, const std::vector<cmm::kv::piece>& pieces,
                           const std::string& words) {
    BOOST_CHECK_EXCEPTION(cmm::kv::mover(world.copier(), places, std::span{pieces}), cmm::bad_request,
                          [&](const cmm::bad_request& error) {
                            BOOST_TEST(std::string{error.what()}.find(words) != std::string::npos,
                                       error.what());
                            return true;
                          });
  };
  const cmm::kv::page_places good{{fast, 0, 4}, {beyond, 0, 4}};
  refused(good, {}, "no pieces");
  refused(good, {{0, 4096, 0}}, "a piece of 0 bytes");
  refused(good, {{0, 4096, 24}}, "whole 16 bytes");
  refused(good, {{8, 4096, 16}}, "whole 16 bytes");
  refused(good, {{0, 4088, 16}}, "whole 16 bytes");
  refused(good, {{0, 0, std::size_t{1} << 40}}, "too large");
  refused({{fast + 8, 0, 4}, {beyond, 0, 4}}, {{0, 4096, 4096}}, "multiple of 16");
  refused({{fast, 0, 4}, {nullptr, 0, 4}}, {{0, 4096, 4096}}, "multiple of 16");
  refused({{fast, 4, 0}, {beyond, 0, 4}}, {{0, 4096, 4096}}, "are no range");
  world.give_fast(fast);
  world.give_beyond(beyond);
}

BOOST_FIXTURE_TEST_CASE(more_pairs_than_a_kernel_counts_are_refused, small) {
  for (const cmm::kv::mover_settings& wrong :
       {cmm::kv::mover_settings{.pairs = std::size_t{1} << 62}, {.steps = std::size_t{1} << 40}}) {
    BOOST_CHECK_EXCEPTION(
        cmm::kv::mover(world.copier(), memory.places(), memory.pieces(), wrong), cmm::bad_request,
        [](const cmm::bad_request& error) {
          return std::string{error.what()}.ends_with("give at most 1048576 as steps and 2147483648 as pairs");
        });
  }
}

BOOST_AUTO_TEST_CASE(a_page_that_the_staging_memory_does_not_hold_is_no_swap_of_the_copy_engine) {
  mover_world world;
  tests::moved_memory memory{world, tests::pieces_apart(2, 4096, 16), 16};
  cmm::kv::mover_settings settings = tests::always({kind::engine, 0});
  settings.staging = 8191;
  cmm::kv::mover mover{world.copier(), memory.places(), std::span<const cmm::kv::piece>{memory.pieces()},
                       settings};
  const cmm::kv::slot_pair pair{0, 1};
  BOOST_CHECK_THROW(mover.run({.swap = {&pair, 1}}, world.stream()), cmm::bad_request);
  mover.run({.up = {&pair, 1}}, world.stream());
}

BOOST_AUTO_TEST_SUITE_END()
