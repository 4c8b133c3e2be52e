#include <sys/wait.h>
#include <unistd.h>

#include <cmm/sim.hpp>
#include <cmm/sim/page_copier.hpp>
#include <deque>
#include <functional>

#include "support/mover_laws.hpp"

using cmm::kv::moved_by;
using kind = cmm::kv::moved_by::mover;

namespace {

/// A simulated machine whose memory is real.
class sim_world {
 public:
  using copier_type = cmm::sim::page_copier;

  sim_world() : copier_{machine_} {}

  cmm::sim::machine& machine() noexcept { return machine_; }
  copier_type& copier() noexcept { return copier_; }
  [[nodiscard]] cmm::stream stream() const noexcept { return stream_; }
  void finish() { BOOST_REQUIRE(copier_.api().synchronize(stream_).ok()); }

  char* take_fast(std::size_t bytes) {
    void* p = nullptr;
    BOOST_REQUIRE(copier_.api().allocate_device(p, bytes).ok());
    return static_cast<char*>(p);
  }
  char* take_beyond(std::size_t bytes) {
    void* p = nullptr;
    BOOST_REQUIRE(machine_.allocate_pinned(p, bytes).ok());
    return static_cast<char*>(p);
  }
  void give_fast(char* p) { BOOST_REQUIRE(copier_.api().free(p).ok()); }
  void give_beyond(char* p) { BOOST_REQUIRE(machine_.free_pinned(p).ok()); }
  static void put(char* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
  static void get(void* to, const char* from, std::size_t bytes) { std::memcpy(to, from, bytes); }

 private:
  cmm::sim::machine machine_{cmm::sim::h200_pcie};
  copier_type copier_;
  cmm::stream stream_ = machine_.create_stream();
};

const std::vector<moved_by> ways{{kind::registers, 2}, {kind::ring, 3}, {kind::engine, 0}};

}  // namespace

BOOST_AUTO_TEST_SUITE(kv_mover)

BOOST_AUTO_TEST_CASE(pages_of_any_size_go_where_the_plan_says) {
  sim_world world;
  for (const moved_by how : ways) {
    for (const std::size_t bytes : {16UL, 4112UL, 65536UL})
      tests::pages_go_where_the_plan_says(world, how, 1, bytes);
    for (const std::size_t count : {3UL, 64UL}) tests::pages_go_where_the_plan_says(world, how, count, 4112);
  }
}

BOOST_AUTO_TEST_CASE(plans_follow_each_other) {
  sim_world world;
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

class late_world : public sim_world {
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

/// A mover over one range, half of it in HBM, with what it does not move.
struct small {
  sim_world world;
  tests::moved_memory<sim_world> memory{world, tests::pieces_apart(2, 4096, 16), 16};
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
  sim_world world;
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

/// Whichever call fails, while a mover is made or runs: nothing is lost, nothing is used wrongly.
BOOST_AUTO_TEST_CASE(a_failed_call_loses_nothing) {
  for (const moved_by how : ways) {
    for (std::size_t nth = 1;; ++nth) {
      sim_world world;
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

BOOST_AUTO_TEST_CASE(a_page_that_the_staging_memory_does_not_hold_is_no_swap_of_the_copy_engine) {
  sim_world world;
  tests::moved_memory memory{world, tests::pieces_apart(2, 4096, 16), 16};
  cmm::kv::mover_settings settings = tests::always({kind::engine, 0});
  settings.staging = 8191;
  cmm::kv::mover mover{world.copier(), memory.places(), std::span<const cmm::kv::piece>{memory.pieces()},
                       settings};
  const cmm::kv::slot_pair pair{0, 1};
  BOOST_CHECK_THROW(mover.run({.swap = {&pair, 1}}, world.stream()), cmm::bad_request);
  mover.run({.up = {&pair, 1}}, world.stream());
}

BOOST_AUTO_TEST_CASE(the_copy_engine_is_told_of_many_pages_in_batches) {
  sim_world world;
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
  sim_world world;
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
  sim_world world;
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
