#include <boost/test/unit_test.hpp>
#include <cmm/kv.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(kv_placement_text)

using namespace cmm::kv;

namespace {

using pages = std::vector<std::int32_t>;

std::string refused(std::string_view text) {
  try {
    static_cast<void>(read_placement(text));
  } catch (const cmm::bad_text& wrong) {
    return wrong.what();
  }
  return "";
}

/// The slots of all pages after each of many random steps, which are the same for every policy.
template <class Policy>
std::vector<pages> places(Policy policy) {
  constexpr std::int32_t slots = 24, fast = 8;
  residency<Policy> r{slots, fast, 64, std::move(policy)};
  r.adopt(0, slots);
  std::vector<pages> seen;
  pages readers(slots);
  std::vector<bool> holds(slots);
  std::minstd_rand random{1};
  for (int step = 0; step < 200; ++step) {
    pages idle, dead, fresh, hits, used;
    for (std::int32_t page = 1; page < slots; ++page) {
      const auto at = static_cast<std::size_t>(page);
      const auto chance = random() % 16;
      if (readers[at] == 0) {
        if (chance == 0) fresh.push_back(page), holds[at] = true;
        if (chance == 1 && holds[at]) hits.push_back(page);
        readers[at] += chance == 0 || (chance == 1 && holds[at]);
      } else if (chance < 3) {
        (chance == 0 ? dead : idle).push_back(page);
        if (--readers[at] == 0 && chance == 0) holds[at] = false;
      } else if (chance == 3) {
        hits.push_back(page);
        ++readers[at];
      } else if (chance < 8 + at % 8) {
        used.push_back(page);
      }
    }
    static_cast<void>(r.step({.idle = idle, .dead = dead, .fresh = fresh, .hits = hits, .used = used}));
    seen.emplace_back(r.slots().begin(), r.slots().end());
  }
  return seen;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_text_places_as_the_policies_that_it_names) {
  BOOST_TEST(places(read_placement("fixed")) == places(fixed{}));
  BOOST_TEST(places(read_placement("remote")) == places(remote{}));
  BOOST_TEST(places(read_placement(" on_use ")) == places(on_use{}));
  BOOST_TEST(places(read_placement("on_use{}")) == places(on_use{}));
  BOOST_TEST(places(read_placement("pinned{ .most=1 }|on_use")) == places(pinned{.most = 1} | on_use{}));
  BOOST_TEST(places(read_placement("pinned{.most = 2} | remote")) == places(pinned{.most = 2} | remote{}));
  BOOST_TEST(places(read_placement("hot_set")) == places(hot_set{}));
  BOOST_TEST(places(read_placement("hot_set{.half_life = 1, .most = 1, .looks = 2, .gain = 1}")) ==
             places(hot_set{.half_life = 1, .most = 1, .looks = 2, .gain = 1}));
  // Else the comparisons would hold whatever was read.
  BOOST_TEST(places(fixed{}) != places(on_use{}));
  BOOST_TEST(places(remote{}) != places(on_use{}));
  BOOST_TEST(places(pinned{.most = 1} | on_use{}) != places(on_use{}));
  BOOST_TEST(places(hot_set{}) != places(on_use{}));
  BOOST_TEST(places(hot_set{.half_life = 1, .most = 1, .looks = 2, .gain = 1}) != places(hot_set{}));
}

BOOST_AUTO_TEST_CASE(the_first_of_several_decides_first) {
  const pinned some{.most = 3};
  BOOST_TEST(places(read_placement("pinned{.most = 3} | remote")) == places(some | remote{}));
  BOOST_TEST(places(read_placement("remote | pinned{.most = 3}")) == places(remote{} | some));
  BOOST_TEST(places(some | remote{}) != places(remote{} | some));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_told_with_its_column) {
  const struct {
    const char* text;
    const char* says;
  } all[] = {
      {"", "column 1, its end: there is no such policy"},
      {"lru", "column 1, \"lru\": there is no such policy"},
      {"on_use | ", "column 10, its end: there is no such policy"},
      {"on_use fixed", "column 8, \"fixed\": this does not belong here"},
      {"on_use{.most = 3}", "column 8, \".most = 3}\": on_use has no settings"},
      {"pinned", "pinned needs a number of pages"},
      {"pinned{}", "pinned needs a number of pages"},
      {"pinned{.most = 0}", "no setting of pinned"},
      {"pinned{.most = 1e3}", "it has most"},
      {"pinned{.most = 9999999999}", "no setting of pinned"},
      {"pinned{.most}", "a setting is written .name = number"},
      {"pinned{most = 3}", "a setting is written .name = number"},
      {"hot_set{.half_life = 1, .cold = 2}", "it has half_life, most, looks and gain"},
      {"hot_set{.looks = -2}", "no setting of hot_set"},
      {"hot_set{.looks = 2", "a } is missing"},
  };
  for (const auto& each : all)
    BOOST_TEST(refused(each.text).find(each.says) != std::string::npos,
               each.text << ": " << refused(each.text));
}

BOOST_AUTO_TEST_SUITE_END()
