#include <boost/test/unit_test.hpp>
#include <cmm/kv/page_index.hpp>
#include <cstdint>
#include <map>
#include <random>

BOOST_AUTO_TEST_SUITE(kv_page_index)

using cmm::kv::none;

BOOST_AUTO_TEST_CASE(keys_that_come_and_go_are_found_as_in_a_map) {
  constexpr std::int32_t pages = 30;
  cmm::kv::detail::page_index index{pages};
  std::map<std::uint64_t, std::int32_t> plain;
  std::mt19937 random{1};
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t key = random() % 50;
    if (plain.count(key) != 0) {
      index.remove(key);
      plain.erase(key);
    } else if (plain.size() < pages) {
      index.add(key, i);
      plain[key] = i;
    } else {
      index.remove(key);  // of a key that is not there
    }
    for (std::uint64_t each = 0; each < 50; ++each) {
      const auto found = plain.find(each);
      BOOST_REQUIRE_EQUAL(index.find(each), found == plain.end() ? none : found->second);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
