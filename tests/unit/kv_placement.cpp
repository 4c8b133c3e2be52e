#include <boost/test/unit_test.hpp>
#include <cmm/kv.hpp>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <vector>

BOOST_AUTO_TEST_SUITE(kv_placement)

namespace {

using namespace cmm;
using pages = std::vector<std::int32_t>;

/// Gives up after it has agreed on a trade.
struct throwing {
  bool now = false;
  void place(kv::placing& step) {
    kv::on_use{}.place(step);
    if (now) throw std::runtime_error{"no"};
  }
};

struct no_policy {
  void place(int) const {}
};
static_assert(!kv::placement_policy<no_policy>);

}  // namespace

BOOST_AUTO_TEST_CASE(fixed_pages_stay_and_remote_ones_are_sent_out) {
  kv::residency<kv::fixed> fixed{8, 4, 16};
  BOOST_CHECK(fixed.step({.fresh = pages{2, 6}}).empty());
  BOOST_CHECK(fixed.slot_of(2) == 2 && fixed.slot_of(6) == 6);

  kv::residency<kv::remote> remote{8, 4, 16};
  remote.adopt(1, 7);
  BOOST_CHECK(remote.step({.fresh = pages{2, 6}}).empty());
  BOOST_CHECK_EQUAL(remote.counters().remote_share, 1.0);
}

BOOST_AUTO_TEST_CASE(a_policy_that_throws_leaves_pages_where_they_are) {
  kv::residency<throwing> kv{8, 4, 16};
  kv.adopt(1, 7);
  kv.policy().now = true;
  BOOST_CHECK_THROW(kv.step({.fresh = pages{5, 6}}), std::runtime_error);
  BOOST_CHECK(kv.slot_of(5) == 5 && kv.readers(5) == 1);
  kv.policy().now = false;
  BOOST_CHECK(kv.step({.fresh = pages{7}}).empty());
  BOOST_CHECK(kv.is_fast(7));
  static_cast<void>(kv.step({.dead = pages{5, 6}}));
  static_cast<void>(kv.step({.fresh = pages{5, 6}}));
  BOOST_CHECK(kv.is_fast(5) && kv.is_fast(6));
}

BOOST_AUTO_TEST_CASE(pinned_prefixes_never_leave_until_their_content_is_dead) {
  kv::residency<kv::both<kv::pinned, kv::on_use>> kv{8, 3, 16, kv::pinned{.most = 1} | kv::on_use{}};
  static_cast<void>(kv.step({.fresh = pages{1, 2}}));
  static_cast<void>(kv.step({.hits = pages{1, 2}}));  // shared now, and one of them is pinned
  static_cast<void>(kv.step({.idle = pages{1, 1, 2, 2}}));
  static_cast<void>(kv.step({.fresh = pages{3, 4}}));
  BOOST_CHECK(kv.is_fast(1) && !kv.is_fast(2) && kv.is_fast(3) && !kv.is_fast(4));
  static_cast<void>(kv.step({.dropped = pages{1}}));
  static_cast<void>(kv.step({.fresh = pages{5}}));
  BOOST_CHECK(!kv.is_fast(1) && kv.is_fast(5));
}

BOOST_AUTO_TEST_CASE(hot_pages_come_in_for_cold_ones_and_cool_down) {
  kv::residency<kv::hot_set> kv{16, 5, 16, {.half_life = 4}};
  pages all(15);
  for (std::int32_t i = 0; i < 15; ++i) all[std::size_t(i)] = i + 1;
  static_cast<void>(kv.step({.fresh = all}));
  for (const pages& hot : {pages{11, 12, 13, 14}, pages{5, 6, 7, 8}}) {
    for (int i = 0; i < 30; ++i) static_cast<void>(kv.step({.used = hot}));
    for (const std::int32_t page : hot) BOOST_CHECK(kv.is_fast(page));
    BOOST_CHECK_EQUAL(kv.counters().remote_share, 0.0);
  }
  const auto up = kv.counters().pages_up;
  for (int i = 0; i < 30; ++i) static_cast<void>(kv.step({.used = pages{5, 6, 7, 8}}));
  static_cast<void>(kv.step({.used = pages{15}}));
  BOOST_CHECK_EQUAL(kv.counters().pages_up, up);  // one use makes no page hot
}

BOOST_AUTO_TEST_CASE(the_hottest_come_in_first_wherever_they_stand_among_the_used) {
  kv::residency<kv::hot_set> kv{64, 5, 16, {.most = 1}};
  pages all(63);
  for (std::int32_t i = 0; i < 63; ++i) all[std::size_t(i)] = i + 1;
  static_cast<void>(kv.step({.fresh = all}));
  for (std::int32_t step = 0; step < 40; ++step) {
    pages used{60, 61, 62, 63};  // in every step, and told behind pages that are used now and then
    for (std::int32_t i = 0; i < 8; ++i) used.insert(used.begin(), 10 + (8 * step + i) % 40);
    static_cast<void>(kv.step({.used = used}));
  }
  for (std::int32_t page = 60; page <= 63; ++page) BOOST_CHECK(kv.is_fast(page));
  BOOST_CHECK_EQUAL(kv.counters().pages_up, 4U);
}

BOOST_AUTO_TEST_CASE(of_reads_four_to_one_in_favour_of_a_fifth_of_the_pages_most_become_local) {
  kv::residency<kv::hot_set> kv{201, 101, 16};
  pages all(200);
  for (std::int32_t i = 0; i < 200; ++i) all[std::size_t(i)] = i + 1;
  static_cast<void>(kv.step({.fresh = all}));
  std::mt19937 random{1};
  for (int step = 0; step < 400; ++step) {
    pages used;
    for (int i = 0; i < 20; ++i) {  // the hot ones lie beyond at first
      const bool hot = random() % 5 != 0;
      used.push_back(static_cast<std::int32_t>(hot ? 161 + random() % 40 : 1 + random() % 160));
    }
    static_cast<void>(kv.step({.used = used}));
  }
  std::int32_t hot_ones = 0;
  for (std::int32_t page = 161; page <= 200; ++page) hot_ones += kv.is_fast(page);
  BOOST_CHECK_GE(hot_ones, 38);
  BOOST_CHECK_LE(kv.counters().pages_up, 200U);  // a page that is used by chance does not come in for it
}

BOOST_AUTO_TEST_CASE(heat_is_halved_with_time) {
  kv::heats heats;
  heats.prepare(2, 10);
  heats.use(1, 5);
  heats.use(1, 6);
  BOOST_CHECK_EQUAL(heats.of(1, 9), 512U);
  BOOST_CHECK_EQUAL(heats.of(1, 10), 256U);
  BOOST_CHECK_EQUAL(heats.of(1, 29), 128U);
  BOOST_CHECK_EQUAL(heats.of(1, 10000), 0U);
  for (std::uint64_t step = 10; step < 10000; ++step) heats.use(1, step);
  BOOST_CHECK_LE(heats.of(1, 10000), 256U * 20);
  heats.forget(1, 10000);
  BOOST_CHECK_EQUAL(heats.of(1, 10000), 0U);
}

BOOST_AUTO_TEST_SUITE_END()
