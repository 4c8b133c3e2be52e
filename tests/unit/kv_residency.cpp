#include <boost/test/unit_test.hpp>
#include <cmm/kv.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "support/kv_memory.hpp"

BOOST_AUTO_TEST_SUITE(kv_residency)

namespace {

using namespace cmm;
using pages = std::vector<std::int32_t>;

/// A residency over tags: the content of page p that was written in step s is p + 1000 s.
template <class Policy = kv::on_use>
class world {
 public:
  world(std::int32_t slots, std::int32_t fast, kv::residency_settings how = {}, Policy policy = {})
      : residency{slots, fast, 100, policy, how}, memory{slots, fast}, expected_(std::size_t(slots)) {}

  /// A step whose fresh and written pages get new content, which is there in all later steps.
  kv::plan step(const kv::changes& what) {
    const kv::plan plan = residency.step(what);
    BOOST_CHECK_EQUAL(memory.run(plan), "");
    ++steps_;
    for (const auto list : {what.fresh, what.written})
      for (const std::int32_t page : list) write(page);
    return plan;
  }
  void refill() { BOOST_CHECK_EQUAL(memory.run(residency.refill()), ""); }

  void write(std::int32_t page) {
    expected_[std::size_t(page)] = std::uint64_t(page) + 1000 * steps_;
    memory[residency.slot_of(page)] = *expected_[std::size_t(page)];
  }
  bool intact(std::int32_t page) { return memory[residency.slot_of(page)] == expected_[std::size_t(page)]; }

  bool is_permutation() {
    std::vector<bool> seen(std::size_t(residency.size()));
    for (std::int32_t page = 0; page < residency.size(); ++page) {
      const std::int32_t slot = residency.slot_of(page);
      if (seen[std::size_t(slot)] || residency.page_in(slot) != page) return false;
      seen[std::size_t(slot)] = true;
    }
    return true;
  }

  kv::residency<Policy> residency;
  tests::kv_memory memory;

 private:
  std::vector<std::optional<std::uint64_t>> expected_;
  std::uint64_t steps_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_page_that_becomes_live_comes_in_and_the_oldest_idle_one_leaves) {
  world kv{8, 4};
  kv.step({.fresh = pages{1, 2, 3}});
  kv.step({.idle = pages{2, 1, 3}});
  kv.step({.fresh = pages{5}});
  BOOST_CHECK(!kv.residency.is_fast(2) && kv.residency.is_fast(5));
  kv.step({.fresh = pages{6}});
  BOOST_CHECK(!kv.residency.is_fast(1) && kv.residency.is_fast(6));
  const auto plan = kv.step({.hits = pages{2}});
  BOOST_CHECK(kv.residency.is_fast(2) && !kv.residency.is_fast(3));
  BOOST_CHECK_EQUAL(plan.swap.size(), 1U);
  for (const std::int32_t page : {1, 2, 3, 5, 6}) BOOST_CHECK(kv.intact(page));
  BOOST_CHECK(kv.is_permutation());
}

BOOST_AUTO_TEST_CASE(out_of_fast_slots_a_page_stays_beyond_and_is_counted) {
  world kv{8, 3};
  kv.step({.fresh = pages{1, 2, 3, 4}});
  BOOST_CHECK(kv.residency.is_fast(1) && kv.residency.is_fast(2));
  BOOST_CHECK(!kv.residency.is_fast(3) && !kv.residency.is_fast(4));
  BOOST_CHECK_EQUAL(kv.residency.counters().live, 4);
  BOOST_CHECK_EQUAL(kv.residency.counters().remote, 2);
  BOOST_CHECK_EQUAL(kv.residency.counters().remote_share, 0.5);
}

BOOST_AUTO_TEST_CASE(pages_of_several_sequences_leave_last) {
  world kv{8, 4};
  kv.step({.fresh = pages{1, 2, 3}});
  kv.step({.hits = pages{1}});
  kv.step({.idle = pages{1, 1, 2, 3}});
  kv.step({.fresh = pages{4, 5}});
  BOOST_CHECK(kv.residency.is_fast(1) && !kv.residency.is_fast(2) && !kv.residency.is_fast(3));
  kv.step({.fresh = pages{6}});
  BOOST_CHECK(!kv.residency.is_fast(1) && kv.intact(1));
}

BOOST_AUTO_TEST_CASE(a_dead_page_leaves_first_and_nothing_is_copied_for_a_new_one) {
  world kv{8, 4};
  kv.step({.fresh = pages{1, 2, 3}});
  kv.step({.idle = pages{1, 2}, .dead = pages{3}});
  BOOST_CHECK(kv.step({.fresh = pages{5}}).empty());
  BOOST_CHECK(kv.residency.is_fast(5) && !kv.residency.is_fast(3));
  BOOST_CHECK_EQUAL(kv.residency.counters().avoided, 2U);
}

BOOST_AUTO_TEST_CASE(a_clean_page_leaves_without_a_copy_until_it_is_written) {
  for (const bool written : {false, true}) {
    world kv{6, 2};
    kv.step({.fresh = pages{1, 3}});
    kv.step({.idle = pages{3}, .dead = pages{1}});
    kv.step({.hits = pages{3}});  // comes in; its slot beyond keeps the content
    BOOST_CHECK_EQUAL(kv.residency.counters().pages_up, 1U);
    if (written) kv.step({.written = pages{3}});
    kv.step({.idle = pages{3}});
    const auto plan = kv.step({.fresh = pages{4}});
    BOOST_CHECK_EQUAL(plan.down.size(), written ? 1U : 0U);
    BOOST_CHECK(plan.up.empty() && plan.swap.empty() && !kv.residency.is_fast(3) && kv.intact(3));
  }
}

BOOST_AUTO_TEST_CASE(a_reserve_is_refilled_with_copies_of_the_oldest_idle_pages) {
  world kv{12, 5, {.reserve = 2}};
  kv.residency.adopt(5, 7);
  kv.step({.fresh = pages{1, 2, 3, 4}});
  kv.step({.idle = pages{3, 1, 2, 4}});
  kv.refill();
  BOOST_CHECK_EQUAL(kv.residency.counters().refilled, 2U);
  kv.refill();  // is full
  BOOST_CHECK_EQUAL(kv.residency.counters().refilled, 2U);
  // Pages 5 and 6 lie in the very slots of the copies, 7 and 8 do not.
  BOOST_CHECK(kv.step({.fresh = pages{5}}).empty());
  BOOST_CHECK(kv.step({.fresh = pages{7}}).empty());
  BOOST_CHECK(!kv.residency.is_fast(3) && !kv.residency.is_fast(1));
  BOOST_CHECK_EQUAL(kv.step({.fresh = pages{8}}).down.size(), 1U);
  for (const std::int32_t page : {1, 2, 3, 4}) BOOST_CHECK(kv.intact(page));
}

BOOST_AUTO_TEST_CASE(a_refill_of_few_pages_is_put_off) {
  world kv{40, 13, {.reserve = 4}};
  kv.residency.adopt(13, 27);
  const pages all{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  kv.step({.fresh = all});
  kv.step({.idle = all});
  BOOST_CHECK_EQUAL(kv.residency.refill(3).down.size(), 4U);
  kv.step({.fresh = pages{20}});
  kv.step({.fresh = pages{21}});
  BOOST_CHECK(kv.residency.refill(3).empty());  // two are missing
  kv.step({.fresh = pages{22}});
  BOOST_CHECK_EQUAL(kv.residency.refill(3).down.size(), 3U);
  kv.step({.fresh = pages{23, 24, 25, 26}});
  BOOST_CHECK_EQUAL(kv.residency.refill(100).down.size(), 4U);  // no more than the reserve can be missing
}

BOOST_AUTO_TEST_CASE(new_pages_from_the_slots_of_copies_trade_with_their_owners) {
  world kv{8, 3, {.reserve = 2}};
  kv.residency.adopt(3, 5);
  kv.step({.fresh = pages{1, 2}});
  kv.step({.idle = pages{1, 2}});
  kv.refill();  // 1 is in the slot of 3 too, 2 in that of 4
  BOOST_CHECK(kv.step({.fresh = pages{4, 3}}).empty());
  BOOST_CHECK(kv.residency.slot_of(1) == 3 && kv.residency.slot_of(2) == 4);
  BOOST_CHECK(kv.intact(1) && kv.intact(2));
}

BOOST_AUTO_TEST_CASE(careful_ones_copy_both_ways_always) {
  world kv{8, 3, {.reserve = 2, .careful = true}};
  kv.residency.adopt(3, 5);
  kv.step({.fresh = pages{1, 2}});
  kv.step({.idle = pages{1}, .dead = pages{2}});
  BOOST_CHECK(kv.residency.refill().empty());
  BOOST_CHECK_EQUAL(kv.step({.fresh = pages{3, 4}}).swap.size(), 2U);
  BOOST_CHECK_EQUAL(kv.residency.counters().avoided, 0U);
}

BOOST_AUTO_TEST_CASE(a_page_never_named_is_never_moved_until_it_is_adopted) {
  world kv{6, 3};
  kv.step({.fresh = pages{3, 4, 5}});
  BOOST_CHECK_EQUAL(kv.residency.counters().remote, 3);
  kv.step({.dead = pages{3, 4, 5}});
  kv.residency.adopt(0, 3);
  kv.step({.fresh = pages{0, 3, 4, 5}, .hits = pages{0, 0}});
  BOOST_CHECK_EQUAL(kv.residency.counters().remote, 1);
  BOOST_CHECK_EQUAL(kv.residency.slot_of(0), 0);
}

BOOST_AUTO_TEST_CASE(plans_are_numbered_in_order) {
  world kv{6, 3, {.reserve = 1}};
  const auto first = kv.residency.step({}).step, second = kv.residency.refill().step;
  BOOST_CHECK(0 < first && first < second && second < kv.residency.step({}).step);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_refused_and_changes_nothing) {
  world kv{6, 3};
  kv.step({.fresh = pages{1, 2}});
  kv.step({.dead = pages{2}});
  const auto refused = [&](const kv::changes& what) {
    const auto before = kv.residency.counters();
    BOOST_CHECK_THROW(kv.residency.step(what), bad_request);
    BOOST_CHECK_EQUAL(kv.residency.counters().steps, before.steps);
    BOOST_CHECK_EQUAL(kv.residency.readers(1), 1);
    BOOST_CHECK_EQUAL(kv.residency.counters().live, 1);
  };
  refused({.hits = pages{1, 6}});
  refused({.hits = pages{-1}});
  refused({.hits = pages{2}});
  refused({.fresh = pages{1}});
  refused({.fresh = pages{3, 3}});
  refused({.idle = pages{1, 1}});
  refused({.dead = pages{3}});
  refused({.dropped = pages{1}});
  refused({.written = pages{2}});
  refused({.used = pages{2}});
  refused({.dead = pages{1}, .hits = pages{1}});
  BOOST_CHECK_THROW(static_cast<void>(kv.residency.slot_of(6)), bad_request);
  BOOST_CHECK_THROW(static_cast<void>(kv.residency.page_in(-1)), bad_request);
  BOOST_CHECK_THROW(kv.residency.adopt(5, 2), bad_request);
  constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();
  BOOST_CHECK_THROW(kv.residency.adopt(most, most), bad_request);  // whose sum is none
  BOOST_CHECK_THROW((kv::residency<>{4, 5, 16}), bad_request);
  BOOST_CHECK_THROW((kv::residency<>{0, 0, 16}), bad_request);
  BOOST_CHECK_THROW((kv::residency<>{4, 2, 16, {}, {.reserve = 3}}), bad_request);
}

BOOST_AUTO_TEST_SUITE_END()
