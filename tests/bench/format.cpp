#include "measure/format.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(bench_format)

using namespace cmm::bench;

BOOST_AUTO_TEST_CASE(three_digits_and_a_unit) {
  BOOST_CHECK_EQUAL(format_time(584), "584 ns");
  BOOST_CHECK_EQUAL(format_time(7.9e6), "7.9 ms");
  BOOST_CHECK_EQUAL(format_rate(63e9), "63 GB/s");
  BOOST_CHECK_EQUAL(format_rate(4.02e12), "4.02 TB/s");
  BOOST_CHECK_EQUAL(format_flops(51.1e12), "51.1 TFLOP/s");
  BOOST_CHECK_EQUAL(format_flops(1.05e15), "1.05 PFLOP/s");
}

/// Three digits of 999.7 are a thousand, which %g writes with an exponent.
BOOST_AUTO_TEST_CASE(no_exponent_below_a_thousand_of_the_largest_unit) {
  BOOST_CHECK_EQUAL(format_time(999.7), "1 us");
  BOOST_CHECK_EQUAL(format_time(999.4), "999 ns");
  BOOST_CHECK_EQUAL(format_rate(999.7e9), "1 TB/s");
  BOOST_CHECK_EQUAL(format_flops(999.7e9), "1 TFLOP/s");
  BOOST_CHECK_EQUAL(format_flops(999.7e12), "1 PFLOP/s");
  for (double value = 1; value < 9.9e10; value *= 1.001) {
    BOOST_REQUIRE_EQUAL(format_time(value).find('e'), std::string::npos);
    BOOST_REQUIRE_EQUAL(format_rate(value * 1e4 + 1e6).find('e'), std::string::npos);
    BOOST_REQUIRE_EQUAL(format_flops(value * 1e7).find('e'), std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
