#include <boost/test/unit_test.hpp>
#include <cmm/core/page_waits.hpp>
#include <map>
#include <vector>

BOOST_AUTO_TEST_SUITE(page_waits)

namespace {

using cmm::detail::page_wait;
using cmm::detail::settled_waits;

constexpr std::uint32_t own = 340;
constexpr std::uint32_t quick = 300;
constexpr std::uint32_t late = 900;
constexpr std::uint32_t remote = 1870;

/// A GPU that answers for each page what was written down for it: one answer for each time it is asked.
struct scripted_gpu {
  std::map<std::uint64_t, std::vector<page_wait>> answers;
  std::vector<std::vector<std::uint64_t>> asked{};

  std::vector<page_wait> operator()(const std::vector<std::uint64_t>& words) {
    std::vector<page_wait> waits;
    for (const std::uint64_t word : words) {
      const auto& script = answers.at(word / 4096 * 4096);
      waits.push_back(script[std::min(asked.size(), script.size() - 1)]);
    }
    asked.push_back(words);
    return waits;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(one_quick_answer_shows_a_page_of_the_gpu) {
  for (unsigned late_answers = 0; late_answers < 5; ++late_answers) {
    std::vector<page_wait> script(late_answers, {late, late});
    script.push_back({quick, quick});
    scripted_gpu gpu{{{0, script}, {65536, {{quick, quick}}}}};
    const auto waits = settled_waits({0, 65536}, own, gpu);
    BOOST_CHECK_MESSAGE(!waits[0].remote(own), "after " << late_answers << " late answers");
    BOOST_CHECK_EQUAL(gpu.asked.size(), late_answers + 1);
  }
}

BOOST_AUTO_TEST_CASE(a_page_that_is_always_late_is_remote) {
  scripted_gpu gpu{{{0, {{remote, remote}}}, {65536, {{quick, quick}}}}};
  const auto waits = settled_waits({0, 65536}, own, gpu);
  BOOST_CHECK(waits[0].remote(own));
  BOOST_CHECK(!waits[1].remote(own));
}

BOOST_AUTO_TEST_CASE(only_pages_in_doubt_are_asked_again_and_at_other_words_of_the_page) {
  scripted_gpu gpu{{{0, {{quick, quick}}}, {65536, {{remote, remote}}}, {131072, {{45'000, 300}}}}};
  static_cast<void>(settled_waits({0, 65536, 131072}, own, gpu));
  for (std::size_t round = 1; round < gpu.asked.size(); ++round) {
    BOOST_REQUIRE_EQUAL(gpu.asked[round].size(), 1U);
    BOOST_CHECK_NE(gpu.asked[round][0], 65536U);
    BOOST_CHECK_EQUAL(gpu.asked[round][0] / 4096, 65536U / 4096);
    for (std::size_t before = 1; before < round; ++before) {
      BOOST_CHECK_NE(gpu.asked[round][0], gpu.asked[before][0]);
    }
  }
  BOOST_CHECK_GE(gpu.asked.size(), 3U);
}

BOOST_AUTO_TEST_CASE(a_page_that_the_gpu_faulted_for_was_nowhere) {
  scripted_gpu gpu{{{0, {{45'000, 300}, {quick, quick}}}}};
  const auto waits = settled_waits({0}, own, gpu);
  BOOST_CHECK(waits[0].faulted());
  BOOST_CHECK(!waits[0].remote(own));
}

BOOST_AUTO_TEST_SUITE_END()
