#include <boost/test/unit_test.hpp>
#include <cmm/kv.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "support/kv_memory.hpp"

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

BOOST_AUTO_TEST_SUITE(kv_residency)

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

BOOST_AUTO_TEST_SUITE_END()
