#include <boost/test/unit_test.hpp>
#include <cmm/cmm.hpp>
#include <cmm/core/size_text.hpp>
#include <cmm/sim.hpp>
#include <cstdlib>
#include <random>
#include <string>

BOOST_AUTO_TEST_SUITE(size_text_of_messages)

using namespace cmm;

/// The table that the Python package and the report are held to as well.
BOOST_AUTO_TEST_CASE(three_digits_and_a_unit_and_in_full_where_something_is_left) {
#define SIZE(text, bytes)
#define REFUSED(text, why)
#define WRITTEN(bytes, text, in_full)                    \
  BOOST_CHECK_EQUAL(size_text(parse_size(bytes)), text); \
  BOOST_CHECK_EQUAL(size_in_full(parse_size(bytes)), in_full);
#include "support/sizes.inc"
#undef SIZE
#undef REFUSED
#undef WRITTEN
}

/// Whatever the size: short, within half of its last digit, and exact where it does not say the bytes too.
BOOST_AUTO_TEST_CASE(every_size_is_short_and_near) {
  std::mt19937_64 random{1};
  for (int i = 0; i < 20000; ++i) {
    std::uint64_t bytes = random() >> (random() % 64);
    if (i % 3 == 0) bytes &= ~std::uint64_t{0} << (random() % 40);
    const std::string text = size_text(bytes);
    BOOST_TEST_INFO_SCOPE(bytes << " is " << text);
    BOOST_REQUIRE((bytes >= 10000_TiB || text.size() <= 8));
    const auto space = text.find(' ');
    const double number = std::strtod(text.c_str(), nullptr);
    if (bytes == 0) continue;
    const auto one = static_cast<double>(parse_size("1" + text.substr(space + 1)));
    const double step = text.find('.') == text.npos ? 1 : 0.1;
    BOOST_REQUIRE(std::abs(number - static_cast<double>(bytes) / one) <= 0.5001 * step);
    if (size_in_full(bytes) == text) BOOST_REQUIRE_EQUAL(parse_size(text), bytes);
  }
}

BOOST_AUTO_TEST_CASE(an_error_of_an_allocator_is_written_so) {
  sim::machine machine{sim::gh200_480};
  auto memory = build(managed{}, sim::api{machine});
  BOOST_CHECK_EXCEPTION((void)memory.allocate(700_GiB + 1), bad_request, [](const bad_request& error) {
    const std::string said = error.what();
    return said.find("a block of 700 GiB (751619276801 bytes) was asked for") != said.npos &&
           said.find("KiB") == said.npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
