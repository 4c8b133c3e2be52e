#include <boost/test/unit_test.hpp>
#include <cmm/core/error.hpp>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(errors)

using namespace cmm;

BOOST_AUTO_TEST_CASE(an_error_names_the_call_the_doing_the_code_and_the_remedy) {
  const cuda_error error{{errc::no_device, "cudaSetDevice"}, "entering a device"};
  BOOST_CHECK_EQUAL(error.what(),
                    std::string{"cudaSetDevice failed while entering a device (error 100): "
                                "no GPU was found; use a machine with one, or the simulated api"});
  BOOST_CHECK(error.code() == errc::no_device);
  BOOST_CHECK_EQUAL(error.call(), std::string{"cudaSetDevice"});
}

BOOST_AUTO_TEST_CASE(an_error_knows_the_line_that_noticed_it) {
  unsigned line = 0;
  try {
    line = __LINE__ + 1;
    detail::check({errc::invalid_value, "cudaFree"});
    BOOST_ERROR("nothing was thrown");
  } catch (const cuda_error& error) {
    BOOST_CHECK_EQUAL(error.where().line, line);
    BOOST_CHECK(std::string_view{error.where().file}.ends_with("errors.cpp"));
    BOOST_CHECK(std::string_view{error.what()}.starts_with("cudaFree failed (error 1): "));
  }
}

BOOST_AUTO_TEST_CASE(success_is_no_error) {
  BOOST_CHECK_NO_THROW(detail::check({errc::success, "cudaFree"}));
}

BOOST_AUTO_TEST_CASE(every_code_has_words_and_an_unknown_one_points_to_the_documentation) {
  BOOST_CHECK_EQUAL(describe(static_cast<errc>(12345)),
                    std::string{"see the CUDA documentation of this code"});
  for (const errc code : {errc::success, errc::invalid_value, errc::out_of_memory, errc::not_initialized,
                          errc::insufficient_driver, errc::no_device, errc::invalid_device, errc::not_ready,
                          errc::illegal_address, errc::not_permitted, errc::not_supported,
                          errc::capture_unsupported, errc::capture_implicit}) {
    BOOST_CHECK_NE(describe(code), describe(static_cast<errc>(12345)));
  }
}

BOOST_AUTO_TEST_CASE(text_of_strangers_is_shown_as_one_line_of_utf8_that_steers_nothing) {
  const auto same = [](const std::string& text) { BOOST_CHECK_EQUAL(detail::printable(text), text); };
  same("");
  same("a name~ \\x1b");
  same("\u00a0\u00e9\u20ac\U0001f600\U0010ffff");
  const auto shown = [](const std::string& text, const std::string& as) {
    BOOST_CHECK_EQUAL(detail::printable(text), as);
  };
  shown(std::string{"a\0\x1b[31m\x7f\n", 9}, "a\\x00\\x1b[31m\\x7f\\x0a");
  shown(
      "\xc2\x9b"
      "31m",
      "\\xc2\\x9b31m");                                        // CSI in one character
  shown("\x9b\xff\xc3", "\\x9b\\xff\\xc3");                    // no UTF-8
  shown("\xc3(\xe2\x82", "\\xc3(\\xe2\\x82");                  // cut short
  shown("\xc0\xae\xe0\x80\xae", "\\xc0\\xae\\xe0\\x80\\xae");  // longer than they need to be
  shown("\xed\xa0\x80\xf4\x90\x80\x80", "\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80");
  shown("\u202e\u2066", "\\xe2\\x80\\xae\\xe2\\x81\\xa6");
  BOOST_CHECK_LT(detail::printable(std::string(100'000, 'x')).size(), 2100U);
}

BOOST_AUTO_TEST_SUITE_END()
