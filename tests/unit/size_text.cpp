#include <boost/test/unit_test.hpp>
#include <cmm/cmm.hpp>
#include <cmm/core/size_text.hpp>
#include <cmm/sim.hpp>
#include <cstdlib>
#include <random>
#include <string>

BOOST_AUTO_TEST_SUITE(size_text_of_messages)

using namespace cmm;

BOOST_AUTO_TEST_CASE(three_digits_and_a_unit) {
  BOOST_CHECK_EQUAL(size_text(0), "0");
  BOOST_CHECK_EQUAL(size_text(17), "17 B");
  BOOST_CHECK_EQUAL(size_text(64_KiB), "64 KiB");
  BOOST_CHECK_EQUAL(size_text(1536_MiB), "1.5 GiB");
  BOOST_CHECK_EQUAL(size_text(1150_GiB), "1150 GiB");
  BOOST_CHECK_EQUAL(size_text(568'364'720_KiB), "542 GiB");
}

BOOST_AUTO_TEST_CASE(in_full_is_exact) {
  BOOST_CHECK_EQUAL(size_in_full(64_KiB), "64 KiB");
  BOOST_CHECK_EQUAL(size_in_full(1536_MiB), "1.5 GiB");
  BOOST_CHECK_EQUAL(size_in_full(568'364'720_KiB), "542 GiB (582005473280 bytes)");
  BOOST_CHECK_EQUAL(size_in_full(2_MiB + 1), "2.0 MiB (2097153 bytes)");
  BOOST_CHECK_EQUAL(size_in_full(2_MiB + 512_KiB + 1), "2.5 MiB (2621441 bytes)");
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
