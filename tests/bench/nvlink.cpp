#include "machine/nvlink.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(bench_nvlink)

namespace {

using namespace cmm;

std::vector<int> links(std::size_t count, int version) { return std::vector<int>(count, version); }

}  // namespace

BOOST_AUTO_TEST_CASE(links_add_up_by_the_rate_of_their_version) {
  BOOST_CHECK_EQUAL(bench::joined_by(links(4, 1), 6).rate, 80);     // P100
  BOOST_CHECK_EQUAL(bench::joined_by(links(6, 2), 7).rate, 150);    // V100
  BOOST_CHECK_EQUAL(bench::joined_by(links(12, 5), 8).rate, 300);   // A100
  BOOST_CHECK_EQUAL(bench::joined_by(links(18, 6), 9).rate, 450);   // H100
  BOOST_CHECK_EQUAL(bench::joined_by(links(18, 7), 10).rate, 900);  // B200
  BOOST_CHECK_EQUAL(bench::joined_by(links(18, 6), 9).name, "NVLink, 18 links of 25 GB/s");
  BOOST_CHECK_EQUAL(bench::joined_by(links(1, 6), 9).name, "NVLink, 1 link of 25 GB/s");
}

BOOST_AUTO_TEST_CASE(links_of_hopper_are_no_faster_where_the_driver_calls_them_version_7) {
  BOOST_CHECK_EQUAL(bench::joined_by(links(18, 7), 9).rate, 450);
}

BOOST_AUTO_TEST_CASE(a_version_that_is_not_told_counts_as_the_most_common_one) {
  BOOST_CHECK_EQUAL(bench::joined_by(links(18, 0), 9).rate, 450);
}

BOOST_AUTO_TEST_CASE(no_links_join_nothing) { BOOST_CHECK_EQUAL(bench::joined_by({}, 9).rate, 0); }

BOOST_AUTO_TEST_SUITE_END()
