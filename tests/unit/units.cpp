#include <boost/test/unit_test.hpp>
#include <cmm/core/units.hpp>
#include <string>

BOOST_AUTO_TEST_SUITE(units)

using namespace cmm;
using namespace cmm::literals;

static_assert(1_KiB == 1024 && 1_MiB == 1024 * 1_KiB && 1_GiB == 1024 * 1_MiB && 1_TiB == 1024 * 1_GiB);
static_assert(0x10_KiB == 16_KiB && 0b11_KiB == 3_KiB && 010_KiB == 8_KiB && 1'024_KiB == 1_MiB &&
              0_KiB == 0);
static_assert(16'777'215_TiB == no_limit - (1_TiB - 1));

BOOST_AUTO_TEST_CASE(a_size_is_read_with_its_unit) {
#define SIZE(text, bytes) BOOST_CHECK_EQUAL(std::to_string(parse_size(text)), bytes);
#define REFUSED(text, why)
#define WRITTEN(bytes, text, in_full)
#include "support/sizes.inc"
#undef SIZE
#undef REFUSED
#undef WRITTEN
}

BOOST_AUTO_TEST_CASE(a_size_that_cannot_be_read_is_an_error_that_names_it) {
  const auto refuse = [](const char* text, const char* why) {
    try {
      parse_size(text);
      BOOST_ERROR("\"" << text << "\" was read");
    } catch (const bad_text& error) {
      const std::string said = error.what();
      const std::string named = detail::printable(text);
      if (named.size() < 100) BOOST_CHECK_MESSAGE(said.find("the size \"" + named + "\" " + why) == 0, said);
      BOOST_CHECK_MESSAGE(said.find(std::string{"\" "} + why + ";") != said.npos, said);
      BOOST_CHECK_MESSAGE(
          said.find("; write a number and a unit, such as 8192, 512 MiB or 1.5GiB") != said.npos, said);
    }
  };
#define SIZE(text, bytes)
#define REFUSED(text, why) refuse(text, why);
#define WRITTEN(bytes, text, in_full)
#include "support/sizes.inc"
#undef SIZE
#undef REFUSED
#undef WRITTEN
  refuse(std::string(5000, '9').c_str(), "is larger than the address space");
}

BOOST_AUTO_TEST_CASE(a_size_is_written_with_the_largest_unit_that_divides_it) {
  BOOST_CHECK_EQUAL(format_size(0), "0");
  BOOST_CHECK_EQUAL(format_size(1000), "1000");
  BOOST_CHECK_EQUAL(format_size(2_GiB), "2GiB");
  BOOST_CHECK_EQUAL(format_size(1536_MiB), "1536MiB");
  BOOST_CHECK_EQUAL(format_size(4096_TiB), "4096TiB");
  BOOST_CHECK_EQUAL(format_size(no_limit), "no_limit");
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
  for (std::size_t bytes = 1; bytes < 1_TiB; bytes = bytes * 3 + 1) {
    BOOST_CHECK_EQUAL(parse_size(format_size(bytes)), bytes);
    BOOST_CHECK_EQUAL(parse_size(format_size(bytes * 1024)), bytes * 1024);
  }
}

BOOST_AUTO_TEST_SUITE_END()
