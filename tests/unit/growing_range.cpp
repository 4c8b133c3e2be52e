#include <sys/wait.h>
#include <unistd.h>
#include <cmm/source/tiered_range.hpp>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <memory>
#include <thread>

#include "support/laws.hpp"

BOOST_AUTO_TEST_SUITE(growing_ranges)

namespace {

using namespace cmm;
using namespace cmm::literals;
using tests::caught;

/// An api whose host memory comes when the test lets it: each piece waits for a permit.
class gated : public sim::api {
 public:
  struct gate {
    std::atomic<int> permits = 0;
    std::atomic<int> asked = 0;
    std::atomic<int> ended = 0;  ///< calls that give something back
  };
  gated(sim::api on, gate& by) : sim::api{on}, gate_{&by} {}

  status create_memory(memory_handle& out, std::size_t bytes, location where, bool shareable) {
    if (where.what == location::kind::host_numa) {
      ++gate_->asked;
      while (gate_->permits.load() == 0) std::this_thread::yield();
      --gate_->permits;
    }
    return sim::api::create_memory(out, bytes, where, shareable);
  }
  status unmap(void* p, std::size_t bytes) {
    ++gate_->ended;
    return sim::api::unmap(p, bytes);
  }

 private:
  gate* gate_;
};
static_assert(api<gated>);

constexpr int many = 1 << 20;

struct world : tests::sim_world {
  world() : sim_world{tests::two_h200} {}
  ~world() { tests::check_all_returned(*this); }

  gated::gate gate;

  auto growing(std::size_t far, bool keep = false) {
    const std::vector<memory_area> areas{{0, 8_MiB, location::device()},
                                         {8_MiB, far, location::nearest_numa()}};
    return std::make_unique<tiered_range<gated>>(
        gated{api(), gate}, areas,
        range_settings{.device = home(), .background = true, .keep_when_full = keep, .piece = 4_MiB});
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(what_a_gpu_holds_is_ready_at_once_and_the_rest_as_it_comes, world) {
  const auto range = growing(16_MiB);
  BOOST_CHECK_EQUAL(range->ready(), 8_MiB);
  BOOST_CHECK_EQUAL(range->bytes(), 24_MiB);
  BOOST_CHECK(machine().gpu_touch(range->data(), 8_MiB, sim::access::write, 0, create_stream()).ok());
  gate.permits = 2;
  range->wait_for(13_MiB);
  BOOST_CHECK_EQUAL(range->ready(), 16_MiB);
  std::memset(range->data(), 1, range->ready());
  BOOST_CHECK(!machine().gpu_touch(range->data() + 16_MiB, 1, sim::access::read, 0, create_stream()).ok());
  gate.permits = many;
  range->wait();
  BOOST_CHECK_EQUAL(range->ready(), 24_MiB);
  BOOST_CHECK(machine().gpu_touch(range->data(), 24_MiB, sim::access::read, 0, create_stream()).ok());
}

BOOST_FIXTURE_TEST_CASE(several_threads_wait_for_their_own_points, world) {
  const auto range = growing(64_MiB);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (std::size_t point = 8_MiB; point <= 72_MiB; point += 8_MiB) {
    threads.emplace_back([&, point] {
      range->wait_for(point);
      if (range->ready() < point) ++wrong;
    });
  }
  gate.permits = many;
  for (std::thread& each : threads) each.join();
  BOOST_CHECK_EQUAL(wrong, 0);
}

BOOST_FIXTURE_TEST_CASE(an_end_in_the_middle_gives_back_what_was_made, world) {
  auto range = growing(64_MiB);
  gate.permits = 3;
  range->wait_for(12_MiB);
  while (gate.asked < 4) std::this_thread::yield();
  std::thread late{[&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    gate.permits = 1;  // the piece that is under way comes; no other is begun
  }};
  range.reset();
  late.join();
  BOOST_CHECK_EQUAL(gate.asked, 4);
}

BOOST_FIXTURE_TEST_CASE(a_memory_that_runs_out_is_told_to_who_waits_and_everything_goes_back, world) {
  const auto range = growing(2_GiB);
  gate.permits = many;
  for (int time = 0; time < 2; ++time) {
    const caught<cuda_error> error{[&] { range->wait(); }};
    BOOST_CHECK_MESSAGE(
        error.says("for which host_numa:0 is to hold 2 GiB and holds 1 GiB so far; 0 more are free there"),
        error.text);
    BOOST_CHECK(error.code == errc::out_of_memory);
    BOOST_CHECK_EQUAL(live_blocks(), 0U);
    BOOST_CHECK_EQUAL(range->ready(), 0U);
    BOOST_CHECK(range->data() == nullptr);
  }
}

BOOST_FIXTURE_TEST_CASE(the_part_that_was_made_stays_where_the_caller_chose_that, world) {
  const auto range = growing(2_GiB, true);
  gate.permits = many;
  BOOST_CHECK(caught<cuda_error>{[&] { range->wait(); }}.says("at most 1 GiB would fit"));
  BOOST_CHECK_EQUAL(range->ready(), 8_MiB + 1_GiB);
  range->wait_for(8_MiB + 1_GiB);
  BOOST_CHECK(machine().gpu_touch(range->data(), range->ready(), sim::access::read, 0, create_stream()).ok());
}

BOOST_FIXTURE_TEST_CASE(a_failed_call_in_the_thread_is_told_with_its_name, world) {
  gate.permits = many;
  for (const char* call : {"cudaGetDevice", "cuMemCreate", "cuMemMap", "cuMemSetAccess"}) {
    machine().clear_faults();
    gate.permits = 0;
    const auto range = growing(16_MiB);
    machine().fail_nth(call, call == std::string{"cudaGetDevice"} ? 1 : 2, errc::not_permitted);
    gate.permits = many;
    const caught<cuda_error> error{[&] { range->wait(); }};
    BOOST_CHECK_MESSAGE(error.text.find(std::string{call} + " failed while making a range") == 0, error.text);
    BOOST_CHECK_EQUAL(live_blocks(), 0U);
  }
}

BOOST_FIXTURE_TEST_CASE(a_forked_child_leaves_the_range_to_its_parent, world) {
  auto range = growing(16_MiB);
  std::thread waiting{[&] { range->wait(); }};
  while (gate.asked == 0) std::this_thread::yield();           // in the middle of a piece
  std::this_thread::sleep_for(std::chrono::milliseconds{50});  // until the other one waits
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);  // for a child that waits for threads which only its parent has
    const caught<bad_request> error{[&] { range->wait(); }};
    range.reset();
    _exit(error.says("make one after the fork") && gate.ended == 0 ? 0 : 1);
  }
  int ended = -1;
  BOOST_REQUIRE_EQUAL(waitpid(child, &ended, 0), child);
  BOOST_CHECK_EQUAL(ended, 0);
  gate.permits = many;
  waiting.join();
  range->wait();
}

BOOST_FIXTURE_TEST_CASE(host_memory_is_made_beside_other_work, world) {
  gate.permits = many;
  const auto begin = machine().now();
  const auto range = growing(256_MiB);
  range->wait();
  machine().inspect([](sim::state& s) { s.clock.spend(50e6); });
  const auto both = machine().now() - begin;
  BOOST_CHECK_LT(both, 70'000'000);  // 56 ms for the memory, beside 50 ms of loading weights
  BOOST_CHECK_GT(both, 50'000'000);
}

BOOST_AUTO_TEST_SUITE_END()
