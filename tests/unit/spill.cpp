#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>

#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(spills)

using namespace cmm;
using namespace cmm::literals;

namespace {

constexpr auto on_device = location::device(0);

auto& spill_of(auto& memory) { return memory.upstream(); }

}  // namespace

BOOST_AUTO_TEST_CASE(blocks_are_fast_until_the_budget_is_used_and_again_after_a_free) {
  sim::machine machine{tests::small_h200};
  auto memory = build(managed{} | spill{device{}, {.budget = 5_MiB}}, sim::api{machine});
  const block fast = memory.allocate(3_MiB);
  const block slow = memory.allocate(3_MiB);
  const block rest = memory.allocate(2_MiB);
  BOOST_CHECK_EQUAL(machine.live_bytes(on_device), 5_MiB);
  BOOST_CHECK_EQUAL(machine.live_managed_bytes(), 3_MiB);
  BOOST_CHECK_EQUAL(spill_of(memory).fast_bytes(), 5_MiB);
  memory.deallocate(fast);
  BOOST_CHECK_EQUAL(machine.live_bytes(on_device), 2_MiB);
  const block fast_again = memory.allocate(3_MiB);
  BOOST_CHECK_EQUAL(machine.live_managed_bytes(), 3_MiB);
  for (const block& b : {slow, rest, fast_again}) memory.deallocate(b);
  BOOST_CHECK_EQUAL(spill_of(memory).fast_bytes(), 0U);
  BOOST_CHECK_EQUAL(machine.live_blocks(), 0U);
  BOOST_CHECK_EQUAL(machine.misuses(), 0U);
}

BOOST_AUTO_TEST_CASE(the_headroom_of_the_device_stays_free) {
  sim::machine machine{tests::small_h200};
  auto memory = build(managed{} | spill{device{}, {.headroom = 1000_MiB}}, sim::api{machine});
  const block fast = memory.allocate(24_MiB);
  const block slow = memory.allocate(1);
  BOOST_CHECK_EQUAL(machine.live_bytes(on_device), 24_MiB);
  BOOST_CHECK_EQUAL(machine.live_managed_bytes(), 1U);
  BOOST_CHECK_EQUAL(spill_of(memory).fast_bytes(), 24_MiB);
  memory.deallocate(fast);
  memory.deallocate(slow);
}

BOOST_AUTO_TEST_CASE(when_the_device_is_full_the_large_memory_serves) {
  sim::machine machine{tests::small_h200};
  auto memory = build(managed{} | spill{device{}}, sim::api{machine});
  const block fast = memory.allocate(1_GiB);
  const block slow = memory.allocate(512_MiB);
  BOOST_CHECK(fast && slow);
  BOOST_CHECK_EQUAL(machine.live_managed_bytes(), 512_MiB);
  BOOST_CHECK_EQUAL(spill_of(memory).fast_bytes(), 1_GiB);
  memory.deallocate(fast);
  memory.deallocate(slow);
}

BOOST_AUTO_TEST_CASE(an_error_of_the_fast_memory_is_no_reason_to_spill_and_restores_its_budget) {
  sim::machine machine{tests::small_h200};
  auto memory = build(managed{} | spill{device{}, {.headroom = 1_MiB}}, sim::api{machine});
  for (const char* call : {"cudaMalloc", "cudaMemGetInfo"}) {
    machine.fail_nth(call, 1, errc::not_supported);
    BOOST_CHECK_THROW(memory.allocate(1_MiB), cuda_error);
    BOOST_CHECK_EQUAL(spill_of(memory).fast_bytes(), 0U);
  }
}

BOOST_AUTO_TEST_CASE(the_fast_side_is_a_recipe_of_its_own) {
  sim::machine machine{tests::small_h200};
  {
    auto memory =
        build(managed{} | spill{device_pool{} | pool{} | limit{4_MiB}} | stats{}, sim::api{machine});
    const block fast = memory.allocate(4_MiB);
    const block slow = memory.allocate(4_MiB);
    BOOST_CHECK_EQUAL(machine.live_managed_bytes(), 4_MiB);
    memory.deallocate(slow);
    memory.deallocate(fast);
    BOOST_CHECK_EQUAL(machine.live_managed_bytes(), 0U);
  }
  BOOST_CHECK_EQUAL(machine.live_blocks() + machine.live_pools() + machine.live_events(), 0U);
}

BOOST_AUTO_TEST_SUITE_END()
