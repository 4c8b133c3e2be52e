#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmm/profile/file.hpp>
#include <cmm/profile/json.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "mutator.hpp"

BOOST_AUTO_TEST_SUITE(fuzz_json)

namespace {

using ours = cmm::detail::json;
using theirs = nlohmann::json;

const std::vector<std::string> texts{
    R"({"schema": "cmm-profile 1", "devices": 2, "figures": [{"name": "a", "value": 1.5e3, "row": null}]})",
    R"([0, -0.5, 1e-9, 12345678901234567890, true, false, [], {}, "\u00e4\ud83d\ude00\n"])",
    R"( {"a": {"b": {"c": ["\\", "\"", "/", "\/"]}}, "": [[[]]]} )",
    "\"x\"",
    "-1",
    "null"};
const std::vector<std::string> words{"{",       "}",     "[",   "]", ",", ":", "\"",   "\\u", "\\",
                                     "\"a\": ", "1e400", "NaN", "-", ".", "e", "null", "\t"};

/// The same values in the same places.
bool same(const ours& one, const theirs& other) {
  if (one.is(ours::kind::object) || one.is(ours::kind::list)) {
    if (other.is_object() != one.is(ours::kind::object) || other.size() != one.members.size()) return false;
    std::size_t place = 0;
    return std::all_of(one.members.begin(), one.members.end(), [&](const auto& member) {
      return same(member.second, other.is_object() ? other.at(member.first) : other.at(place++));
    });
  }
  if (one.is(ours::kind::text)) return other.is_string() && other.get<std::string>() == one.text;
  if (one.is(ours::kind::boolean)) return other.is_boolean() && other.get<bool>() == (one.number != 0);
  if (one.is(ours::kind::number)) return other.is_number() && other.get<double>() == one.number;
  return other.is_null();
}

/// What this reader refuses and others take.
bool on_purpose(const std::string& why) {
  const auto says = [&](const char* part) { return why.find(part) != std::string::npos; };
  return says("stands there twice") || says("stand in each other") || says("for any number");
}

std::string compared(const std::string& text) {
  // The other refuses what is no UTF-8, and takes a zero for the end.
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > 0; })) return "";
  const theirs other = theirs::parse(text, nullptr, false);
  try {
    const ours one = cmm::detail::json_reader{text}.whole();
    return other.is_discarded() ? "is taken" : same(one, other) ? "" : "means something else";
  } catch (const cmm::bad_text& refused) {
    const std::string fault = tests::fault_of(refused.what());
    if (!fault.empty()) return fault;
    if (other.is_discarded() || on_purpose(refused.what())) return "";
    return std::string{"is refused: "} + refused.what();
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_text_means_what_it_means_to_a_reader_of_all_json) {
  tests::fuzz(texts, words, 20'000, compared, [](const std::string& wrong, const std::string& text) {
    BOOST_ERROR(wrong << ", for " << text.size() << " bytes of text: " << text);
  });
}

BOOST_AUTO_TEST_CASE(a_profile_is_refused_in_one_sentence) {
  tests::fuzz(
      texts, words, 20'000,
      [](const std::string& text) -> std::string {
        try {
          cmm::sim::parse_profile(text, "FILE");
          return "is taken";
        } catch (const cmm::bad_text& refused) {
          return std::string{refused.what()}.starts_with("FILE is no profile: ")
                     ? tests::fault_of(refused.what())
                     : "is not named";
        }
      },
      [](const std::string& wrong, const std::string& text) {
        BOOST_ERROR(wrong << ", for " << text.size() << " bytes of text: " << text);
      });
}

BOOST_AUTO_TEST_SUITE_END()
