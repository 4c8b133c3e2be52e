#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmm/kv.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kv_pages.hpp"
#include "settings.hpp"
#include "support/kv_memory.hpp"

BOOST_AUTO_TEST_SUITE(kv_random)

namespace {

using namespace cmm;
using tests::pages;
using tests::plain_page;
using tests::plain_step;

/// Random steps of a residency against plain pages. A complaint ends the run.
template <class Policy>
class residency_run {
 public:
  residency_run(std::uint64_t seed, std::int32_t slots, std::int32_t fast, Policy policy,
                kv::residency_settings how)
      : plain_{slots, seed},
        memory_{slots, fast},
        residency_{slots, fast, 64, std::move(policy), how},
        careful_{how.careful} {
    for (std::int32_t page = 0; page < slots; ++page) memory_[page] = plain_[page].tag = ++tags_;
    if (plain_.below(2) == 0) {
      residency_.adopt(slots / 4, slots / 2);
      for (std::int32_t page = slots / 4; page < slots / 4 + slots / 2; ++page)
        if (page != 0) plain_[page].named = true;
    }
  }

  std::string run(std::uint64_t steps) {
    for (std::uint64_t i = 0; i < steps && wrong_.empty(); ++i) {
      if (plain_.below(4) == 0) refill();
      if (plain_.below(16) == 0) tell_something_wrong();
      step();
    }
    return wrong_;
  }

 private:
  static constexpr bool moves_live_pages = std::is_same_v<Policy, kv::hot_set>;
  static constexpr bool chooses_by_age = std::is_same_v<Policy, kv::on_use>;

  void expect(bool holds, const char* law) {
    if (!holds && wrong_.empty()) wrong_ = law;
  }

  void step() {
    const auto readers = readers_before();
    const plain_step what = plain_.draw();
    const pages before = slots();
    const auto counted = residency_.counters();
    auto memory = memory_;
    const kv::plan plan = residency_.step(what.changes());
    expect(memory_.run(plan).empty(), "a plan names a slot twice, or one in the wrong memory");
    check_places(before, what, readers);
    check_copies(before, plan, memory, counted);
    if constexpr (chooses_by_age) check_age(before, what, readers);
    write(what.fresh, true);
    write(what.written, false);
    check_contents();
    check_counts(what);
  }

  pages slots() const { return {residency_.slots().begin(), residency_.slots().end()}; }
  bool was_fast(const pages& before, std::int32_t page) const {
    return before[static_cast<std::size_t>(page)] < residency_.fast();
  }
  std::vector<std::int32_t> readers_before() {
    std::vector<std::int32_t> readers;
    for (const plain_page& each : plain_.all) readers.push_back(each.readers);
    return readers;
  }

  /// Whether the page has had a reader all the time.
  static bool stayed_live(const plain_step& what, const std::vector<std::int32_t>& readers,
                          std::int32_t page) {
    const auto given_back = std::count(what.idle.begin(), what.idle.end(), page) +
                            std::count(what.dead.begin(), what.dead.end(), page);
    return given_back < readers[std::size_t(page)];
  }

  void write(const pages& list, bool fresh) {
    for (const std::int32_t page : list) {
      if (page == 0) continue;
      plain_[page].tag = memory_[residency_.slot_of(page)] = ++tags_;
      plain_[page].holds = plain_[page].holds || fresh;
    }
  }

  void check_places(const pages& before, const plain_step& what, const std::vector<std::int32_t>& readers) {
    std::vector<bool> taken(before.size());
    pages moved{residency_.moved().begin(), residency_.moved().end()};
    std::sort(moved.begin(), moved.end());
    for (std::int32_t page = 0; page < plain_.size(); ++page) {
      const std::int32_t slot = residency_.slot_of(page);
      expect(!taken[std::size_t(slot)], "two pages lie in one slot");
      taken[std::size_t(slot)] = true;
      expect(residency_.page_in(slot) == page, "page_in and slot_of differ");
      const bool has_moved = before[std::size_t(page)] != slot;
      expect(has_moved == std::binary_search(moved.begin(), moved.end(), page), "moved() is not what moved");
      expect(page != 0 || !has_moved, "page 0 was moved");
      expect(plain_[page].named || !has_moved, "a page was moved that was never named");
      expect(moves_live_pages || !has_moved || !stayed_live(what, readers, page),
             "a page was moved while it was live");
    }
    expect(std::unique(moved.begin(), moved.end()) == moved.end(), "a page stands twice in moved()");
  }

  /// Only what is needed is copied, a careful one copies all.
  void check_copies(const pages& before, const kv::plan& plan, tests::kv_memory& memory,
                    const kv::counters& counted) {
    std::map<std::int32_t, bool> up, down;
    for (const auto& each : plan.up) up[each.fast] = true;
    for (const auto& each : plan.down) down[each.fast] = true;
    for (const auto& each : plan.swap) up[each.fast] = down[each.fast] = true;
    std::uint64_t changed = 0;
    for (std::int32_t page = 0; page < plain_.size(); ++page) {
      const bool from_fast = was_fast(before, page), to_fast = residency_.is_fast(page);
      if (from_fast == to_fast) continue;
      ++changed;
      const std::int32_t slot = from_fast ? before[std::size_t(page)] : residency_.slot_of(page);
      const bool copied = (from_fast ? down : up).count(slot) != 0;
      const bool clean = from_fast && !careful_ && stands_beyond(before, memory, page);
      expect(copied == (careful_ || (plain_[page].holds && !clean)),
             "content was copied that is not needed, or is there already");
    }
    const auto& now = residency_.counters();
    expect(now.pages_up - counted.pages_up == up.size(), "pages_up is not what was copied");
    expect(now.pages_down - counted.pages_down == down.size(), "pages_down is not what was copied");
    expect(now.avoided - counted.avoided == changed - up.size() - down.size(), "avoided is not what was not");
  }

  /// Whether a slot beyond, whose page holds nothing, has the page's content.
  bool stands_beyond(const pages& before, tests::kv_memory& memory, std::int32_t page) {
    if (!plain_[page].holds) return false;
    for (std::int32_t other = 1; other < plain_.size(); ++other) {
      if (other == page || was_fast(before, other) || plain_[other].holds) continue;
      if (memory[before[std::size_t(other)]] == plain_[page].tag) return true;
    }
    return false;
  }

  /// Dead pages leave HBM first, then idle ones by age, those of several sequences last.
  void check_age(const pages& before, const plain_step& what, const std::vector<std::int32_t>& readers) {
    using rank = std::pair<int, std::uint64_t>;
    rank last_left{0, 0}, first_stayed{4, 0};
    bool stays_beyond = false;
    for (std::int32_t page = 1; page < plain_.size(); ++page) {
      const plain_page& p = plain_[page];
      if (p.readers > 0 && !residency_.is_fast(page) && !stayed_live(what, readers, page))
        stays_beyond = true;
      if (!p.named || p.readers > 0 || !was_fast(before, page)) continue;
      const rank mine = !p.holds ? rank{0, 0} : rank{p.shared ? 2 : 1, p.idle_since};
      if (residency_.is_fast(page))
        first_stayed = std::min(first_stayed, mine);
      else
        last_left = std::max(last_left, mine);
    }
    expect(last_left <= first_stayed, "a younger or shared idle page left before an older one");
    expect(!stays_beyond || first_stayed.first == 4, "a page stayed beyond though a slot could be had");
  }

  void check_contents() {
    for (std::int32_t page = 0; page < plain_.size(); ++page) {
      const plain_page& p = plain_[page];
      if (p.holds || !p.named || careful_)
        expect(memory_[residency_.slot_of(page)] == p.tag, "a page lost its content");
    }
  }

  void check_counts(const plain_step& what) {
    std::int32_t live = 0, remote = 0, idle = 0, used_remote = 0;
    for (std::int32_t page = 1; page < plain_.size(); ++page) {
      const plain_page& p = plain_[page];
      live += p.readers > 0;
      remote += p.readers > 0 && !residency_.is_fast(page);
      idle += p.readers == 0 && p.holds;
      expect(residency_.readers(page) == p.readers, "readers are counted wrong");
    }
    for (const std::int32_t page : what.used) used_remote += !residency_.is_fast(page);
    const auto& now = residency_.counters();
    expect(now.live == live && now.remote == remote && now.idle == idle, "pages are counted wrong");
    const double share =
        what.used.empty() ? (live == 0 ? 0 : double(remote) / live) : used_remote / double(what.used.size());
    expect(now.remote_share == share, "the remote share is wrong");
  }

  void refill() {
    const pages before = slots();
    const auto counted = residency_.counters().pages_down;
    const kv::plan plan = residency_.refill(std::int32_t(plain_.below(4)));
    expect(plan.up.empty() && plan.swap.empty(), "a refill brings something in");
    expect(memory_.run(plan).empty(), "a refill names a slot twice, or one in the wrong memory");
    expect(residency_.counters().pages_down - counted == plan.down.size(), "a refill is counted wrong");
    expect(before == slots(), "a refill moved a page");
    check_contents();
  }

  void tell_something_wrong() {
    plain_step what;
    const auto page = std::int32_t(plain_.below(std::uint64_t(plain_.size()) + 2)) - 1;
    const bool foreign = page < 0 || page >= plain_.size();
    if (page == 0) return;
    if (plain_.below(2) == 0) what.hits.push_back(1), what.idle.push_back(1);
    const bool first_is_wrong = !what.idle.empty() && plain_[1].readers == 0;
    if (foreign || plain_[page].readers > 0) {
      what.fresh.push_back(page);
    } else {
      what.written.push_back(page);
    }
    if (page == 1 && !first_is_wrong && !what.idle.empty()) return;
    const pages before = slots();
    const auto steps = residency_.counters().steps;
    bool refused = false;
    try {
      static_cast<void>(residency_.step(what.changes()));
    } catch (const bad_request&) {
      refused = true;
    }
    expect(refused, "a wrong page was taken");
    expect(before == slots() && residency_.counters().steps == steps, "what was refused changed something");
  }

  tests::plain_pages plain_;
  tests::kv_memory memory_;
  kv::residency<Policy> residency_;
  bool careful_;
  std::uint64_t tags_ = 0;
  std::string wrong_;
};

constexpr std::uint64_t kinds = 7;    ///< of runs below, which share the operations
constexpr std::uint64_t each = 1000;  ///< steps of one residency

template <class Policy>
void agree(Policy policy, kv::residency_settings how = {}) {
  std::mt19937_64 random{tests::seed()};
  for (std::uint64_t left = tests::operations() / kinds; left >= each; left -= each) {
    const auto slots = std::int32_t(2 + random() % 40);
    const auto fast = std::int32_t(random() % std::uint64_t(slots + 1));
    kv::residency_settings fitting = how;
    fitting.reserve = std::min(how.reserve, fast);
    residency_run<Policy> run{random(), slots, fast, policy, fitting};
    const std::string wrong = run.run(each);
    BOOST_REQUIRE_MESSAGE(wrong.empty(), wrong << "; again with --seed=" << tests::seed() << " (" << slots
                                               << " slots, " << fast << " fast)");
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(pages_that_follow_their_use_agree_with_plain_ones) { agree(kv::on_use{}); }
BOOST_AUTO_TEST_CASE(with_a_reserve_too) { agree(kv::on_use{}, {.reserve = 8}); }
BOOST_AUTO_TEST_CASE(careful_ones_too) { agree(kv::on_use{}, {.reserve = 4, .careful = true}); }
BOOST_AUTO_TEST_CASE(fixed_ones_too) { agree(kv::fixed{}, {.reserve = 4}); }
BOOST_AUTO_TEST_CASE(remote_ones_too) { agree(kv::remote{}, {.reserve = 4}); }
BOOST_AUTO_TEST_CASE(those_with_pinned_prefixes_too) {
  agree(kv::pinned{.most = 5} | kv::on_use{}, {.reserve = 4});
}
BOOST_AUTO_TEST_CASE(hot_ones_too) { agree(kv::hot_set{}, {.reserve = 4}); }

BOOST_AUTO_TEST_SUITE_END()
