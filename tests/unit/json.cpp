#include <boost/test/unit_test.hpp>
#include <string>

#include "cmm/profile/json.hpp"

BOOST_AUTO_TEST_SUITE(json)

namespace {

using namespace cmm;
using value = cmm::detail::json;

value read(std::string_view text) { return cmm::detail::json_reader{text}.whole(); }

std::string said_of(std::string_view text) {
  try {
    read(text);
  } catch (const bad_text& refused) {
    return refused.what();
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(values_are_read_as_they_are_written) {
  constexpr std::string_view text =
      R"( {"a": [1, -2.5e3, true, null], "b": {"c": "d"}, "e": false, "f": 0} )";
  const value all = read(text);
  BOOST_REQUIRE(all.is(value::kind::object));
  const value& list = all["a"];
  BOOST_REQUIRE_EQUAL(list.members.size(), 4U);
  BOOST_TEST(list.members[0].second.number == 1);
  BOOST_TEST(list.members[1].second.number == -2500);
  BOOST_TEST(list.members[1].second.written == "-2.5e3");
  BOOST_TEST(list.members[2].second.is(value::kind::boolean));
  BOOST_TEST(list.members[3].second.is(value::kind::none));
  BOOST_TEST(all["b"]["c"].text == "d");
  BOOST_TEST(all["b"].written == "{\"c\": \"d\"}");
  BOOST_TEST((all["e"].is(value::kind::boolean) && all["e"].number == 0));
  BOOST_TEST(all["f"].is(value::kind::number));
  BOOST_TEST(all["none"].written == "null");
  BOOST_TEST(all.find("none") == nullptr);
}

BOOST_AUTO_TEST_CASE(texts_may_be_escaped) {
  BOOST_TEST(read(R"("\"\\\/\b\f\n\r\t")").text == "\"\\/\b\f\n\r\t");
  BOOST_TEST(read(R"("\u0041\u00e9\u20AC\ud83d\ude00")").text == "A\u00e9\u20ac\U0001f600");
  BOOST_TEST(read("\xef\xbb\xbf\"marked\"").text == "marked");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_told_with_its_line) {
  BOOST_TEST(said_of("") == "line 1: a value is missing");
  BOOST_TEST(said_of("[1,\n2,\n]") == "line 3: a value is missing");
  BOOST_TEST(said_of("{\"a\": 1,\n\"a\": 2}") == "line 2: \"a\" stands there twice");
  BOOST_TEST(said_of("{\"a\" 1}") == "line 1: a colon is missing behind \"a\"");
  BOOST_TEST(said_of("{a: 1}") == "line 1: a name in quotes is missing");
  BOOST_TEST(said_of("[1 2]") == "line 1: a comma or ] is missing");
  BOOST_TEST(said_of("1 2") == "line 1: nothing may follow the value");
  BOOST_TEST(said_of("\"a") == "line 1: a quote has no end");
  BOOST_TEST(said_of("\"a\n\"") == "line 2: a text goes on behind the end of its line");
  for (const char* const odd : {R"("\x")", R"("\u12")", R"("\u12g4")", "\"\\"}) {
    BOOST_TEST(said_of(odd) == "line 1: a \\ escapes nothing");
  }
  for (const char* const half : {R"("\ud800")", R"("\ud800\u0041")", R"("\udc00")"}) {
    BOOST_TEST(said_of(half) == "line 1: half of a character is missing");
  }
  BOOST_TEST(said_of(std::string(100, '[')) == "line 1: more than 32 values stand in each other");
  BOOST_TEST(said_of("-1e999") == "line 1: -1e999 is too large or too small for any number");
  BOOST_TEST(said_of(std::string(400, '8') + "e-9") ==
             "line 1: " + std::string(40, '8') + " is too large or too small for any number");
}

BOOST_AUTO_TEST_SUITE_END()
