#include <boost/test/unit_test.hpp>
#include <cmm/sim.hpp>
#include <thread>
#include <vector>

#include "support/death.hpp"
#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(limits)

using namespace cmm;
using namespace cmm::literals;

namespace {

using source_of_limit = placed<managed, sim::api>;
/// As in a debug build, whatever this one is.
using checked = limit::counted<source_of_limit, true>;

}  // namespace

BOOST_AUTO_TEST_CASE(the_budget_holds_over_all_devices) {
  sim::machine machine{tests::two_h200};
  auto memory = build(managed{} | limit{3_MiB}, sim::api{machine});
  const block a = memory.allocate({.bytes = 2_MiB, .device = 0});
  BOOST_CHECK(!memory.allocate({.bytes = 2_MiB, .device = 1}));
  const block b = memory.allocate({.bytes = 1_MiB, .device = 1});
  BOOST_CHECK(a && b && memory.get<limit>().used() == 3_MiB);
  memory.deallocate(a);
  memory.deallocate(b);
  BOOST_CHECK_EQUAL(memory.get<limit>().used(), 0U);
}

BOOST_AUTO_TEST_CASE(no_request_can_overflow_the_budget) {
  sim::machine machine{tests::small_h200};
  auto memory = build(managed{} | limit{}, sim::api{machine});
  const block a = memory.allocate(1_MiB);
  BOOST_CHECK_THROW(memory.allocate(no_limit / 2), bad_request);
  BOOST_CHECK_EQUAL(memory.get<limit>().used(), 1_MiB);
  memory.deallocate(a);
}

BOOST_AUTO_TEST_CASE(threads_cannot_exceed_the_budget_together) {
  sim::machine machine{tests::small_h200, sim::backing::none};
  auto memory = build(managed{} | limit{10_MiB}, sim::api{machine});
  std::atomic<bool> exceeded = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const block b = memory.allocate(4_MiB);
        if (memory.get<limit>().used() > 10_MiB) exceeded = true;
        memory.deallocate(b);
      }
    });
  }
  for (auto& each : threads) each.join();
  BOOST_CHECK(!exceeded);
  BOOST_CHECK_EQUAL(memory.get<limit>().used(), 0U);
}

BOOST_AUTO_TEST_CASE(a_block_of_another_allocator_ends_the_process_in_debug_builds) {
  const auto misuse = [](auto&& wrong) {
    return tests::last_words([&] {
      sim::machine machine{tests::small_h200};
      checked memory{limit{}, sim::api{machine}, managed{}};
      wrong(memory, memory.allocate({.bytes = 4096}));
    });
  };
  const auto twice = misuse([](checked& memory, block b) {
    memory.deallocate(b, {});
    memory.deallocate(b, {});
  });
  BOOST_CHECK_MESSAGE(twice.find("did not hand it out, or freed twice; free it once") != twice.npos, twice);
  const auto foreign = misuse([](checked& memory, block b) {
    memory.deallocate({static_cast<char*>(b.data) + 256, b.bytes, 0}, {});
  });
  BOOST_CHECK_MESSAGE(foreign.find("through an allocator that did not hand it out") != foreign.npos, foreign);
  const auto resized = misuse([](checked& memory, block b) {
    memory.deallocate({b.data, b.bytes / 2, 0}, {});
  });
  BOOST_CHECK_MESSAGE(resized.find("freed with another size than it was taken with") != resized.npos,
                      resized);
  const auto elsewhere = misuse([](checked& memory, block b) {
    memory.deallocate({b.data, b.bytes, 1}, {});
  });
  BOOST_CHECK_MESSAGE(elsewhere.find("freed for another device than") != elsewhere.npos, elsewhere);
}

BOOST_AUTO_TEST_CASE(a_budget_set_below_what_is_used_hands_out_nothing_until_blocks_are_back) {
  sim::machine machine{tests::small_h200};
  auto memory = build(managed{} | limit{8_MiB}, sim::api{machine});
  auto& budget = memory.get<limit>();
  const block a = memory.allocate(4_MiB);
  budget.set_budget(2_MiB);
  BOOST_CHECK_EQUAL(budget.budget(), 2_MiB);
  BOOST_CHECK_EQUAL(budget.used(), 4_MiB);
  BOOST_CHECK(!memory.allocate(4096));
  memory.deallocate(a);
  const block b = memory.allocate(2_MiB);
  BOOST_CHECK(b);
  BOOST_CHECK(!memory.allocate(4096));
  memory.deallocate(b);
  budget.set_budget(no_limit);
  BOOST_CHECK_EQUAL(budget.budget(), no_limit);
  BOOST_CHECK_EQUAL(budget.used(), 0U);
}

BOOST_AUTO_TEST_CASE(what_is_used_is_exact_while_the_budget_changes) {
  sim::machine machine{tests::small_h200, sim::backing::none};
  auto memory = build(managed{} | limit{8_MiB}, sim::api{machine});
  auto& budget = memory.get<limit>();
  const block b = memory.allocate(1_MiB);
  std::atomic<bool> stop = false;
  std::thread changes{[&] {
    for (std::size_t i = 0; !stop; ++i) budget.set_budget(i % 2 == 0 ? 2_MiB : no_limit);
  }};
  std::size_t wrong = 0;
  for (int i = 0; i < 3'000'000; ++i) wrong += budget.used() == 1_MiB ? 0 : 1;
  stop = true;
  changes.join();
  BOOST_CHECK_EQUAL(wrong, 0U);
  memory.deallocate(b);
}

BOOST_AUTO_TEST_SUITE_END()
