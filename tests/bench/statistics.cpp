#include "measure/statistics.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <numeric>
#include <string>

BOOST_AUTO_TEST_SUITE(bench_statistics)

namespace {

using namespace cmm;

bench::sample_sink pass(std::vector<double> nanoseconds, bench::bound limit = {}) {
  bench::sample_sink sink;
  sink.nanoseconds = std::move(nanoseconds);
  sink.limit = std::move(limit);
  return sink;
}

double counter(const bench::summary& of, const std::string& name) {
  const auto found = std::find_if(of.counters.begin(), of.counters.end(),
                                  [&](const auto& each) { return each.first == name; });
  BOOST_REQUIRE_MESSAGE(found != of.counters.end(), "the row has no " << name);
  return found->second;
}
bool has(const bench::summary& of, const std::string& name) {
  return std::any_of(of.counters.begin(), of.counters.end(),
                     [&](const auto& each) { return each.first == name; });
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_quantile_is_the_sample_below_which_its_share_lies) {
  std::vector<double> samples(101);  // 0, 1, ..., 100, not in order
  std::iota(samples.begin(), samples.end(), 0.0);
  std::reverse(samples.begin() + 20, samples.end());
  const bench::summary got = bench::summarize({pass(samples)});
  for (const int percent : {25, 50, 75, 95, 99}) {
    BOOST_CHECK_EQUAL(counter(got, "p" + std::to_string(percent) + "_ns"), percent);
  }
  BOOST_CHECK_EQUAL(counter(got, "min_ns"), 0);
  BOOST_CHECK_EQUAL(counter(got, "max_ns"), 100);
  BOOST_CHECK_EQUAL(counter(got, "samples"), 101);
  BOOST_CHECK_EQUAL(got.median(), 50);
}

BOOST_AUTO_TEST_CASE(the_spread_of_passes_is_that_of_their_medians_and_not_of_their_samples) {
  const bench::summary got =
      bench::summarize({pass({1, 100, 300}), pass({90, 110, 120}), pass({80, 95, 99})});
  BOOST_CHECK_CLOSE(counter(got, "pass_spread"), (110.0 - 95.0) / 99.0, 1e-9);
  BOOST_CHECK(!has(bench::summarize({pass({1, 100, 300})}), "pass_spread"));
}

BOOST_AUTO_TEST_CASE(a_speedup_is_how_many_times_the_baseline_takes_as_long) {
  bench::sample_sink first = pass({10, 10, 40});
  first.reference = {30, 30, 10};
  BOOST_CHECK_EQUAL(counter(bench::summarize({first}), "speedup"), 3);
  bench::sample_sink second = pass({10, 10, 10});
  second.reference = {50, 50, 50};
  BOOST_CHECK_EQUAL(counter(bench::summarize({first, second}), "reference_ns"), 50);
  BOOST_CHECK(!has(bench::summarize({pass({1})}), "speedup"));
}

BOOST_AUTO_TEST_CASE(a_rate_is_what_one_sample_moves_in_its_median_time) {
  bench::sample_sink sink = pass({500, 1000, 4000});
  sink.bytes = 8000;
  sink.flops = 2000;
  sink.pages = 4;
  const bench::summary got = bench::summarize({sink});
  BOOST_CHECK_CLOSE(counter(got, "bytes_per_second"), 8e9, 1e-9);
  BOOST_CHECK_CLOSE(counter(got, "flops_per_second"), 2e9, 1e-9);
  BOOST_CHECK_CLOSE(counter(got, "ns_per_page"), 250.0, 1e-9);
}

BOOST_AUTO_TEST_CASE(no_row_is_above_a_limit_that_was_measured_worse_than_the_row) {
  const bench::summary below = bench::summarize({pass({100, 100, 100}, {80, "a copy", false})});
  BOOST_CHECK_CLOSE(counter(below, "limit_ratio"), 0.8, 1e-9);
  BOOST_CHECK(!has(below, "limit_beaten"));
  const bench::summary above = bench::summarize({pass({100, 100, 100}, {108, "a copy", false})});
  BOOST_CHECK_EQUAL(counter(above, "limit_ratio"), 1);
  BOOST_CHECK_EQUAL(counter(above, "limit_ns"), 100);
  BOOST_CHECK_CLOSE(counter(above, "limit_beaten"), 1.08, 1e-9);
}

BOOST_AUTO_TEST_CASE(a_published_limit_that_is_beaten_shows_that_it_is_wrong) {
  const bench::summary got = bench::summarize({pass({100, 100, 100}, {150, "PCIe", true})});
  BOOST_CHECK_CLOSE(counter(got, "limit_ratio"), 1.5, 1e-9);
  BOOST_CHECK(!has(got, "limit_beaten"));
}

BOOST_AUTO_TEST_CASE(of_several_passes_the_best_limit_counts) {
  const bench::summary got =
      bench::summarize({pass({100}, {90, "a copy", false}), pass({100}, {70, "a copy", false})});
  BOOST_CHECK_EQUAL(counter(got, "limit_ns"), 70);
}

BOOST_AUTO_TEST_CASE(a_row_without_samples_is_an_error) {
  BOOST_CHECK_THROW(bench::summarize({pass({1}), pass({})}), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
