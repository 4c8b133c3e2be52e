#include <boost/test/unit_test.hpp>
#include <cmm/core/error.hpp>
#include <string>

#include "attributes.hpp"

BOOST_AUTO_TEST_SUITE(platform_attributes)

namespace {

using cmm::probe::attributes;
using cmm::probe::parse_attributes;

attributes some() {
  attributes known;
  known.given.cuda_driver = 13000;
  known.given.driver = "580.95.05";
  known.given.page_bytes = 65536;
  known.given.architecture = "aarch64";
  known.given.no_nvml = "";
  known.given.gpus.push_back(
      {"NVIDIA \"GH200\"", "0009:01:00.0", {{"cudaDevAttrNumaId", 1}}, {{"egm_capability", -1}}});
  known.unreadable = {{"/proc/iomem", "Permission denied"}};
  return known;
}

/// The text with one part replaced, which must be there.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = to_json(some());
  const auto at = text.find(from);
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, from);
  return text.replace(at, from.size(), to);
}

std::string complaint(const std::string& text) {
  try {
    static_cast<void>(parse_attributes(text, "FILE"));
  } catch (const cmm::bad_text& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
  BOOST_CHECK(parse_attributes(to_json(some()), "FILE") == some());
  BOOST_CHECK(parse_attributes(to_json(attributes{}), "FILE") == attributes{});
}

BOOST_AUTO_TEST_CASE(every_cut_is_noticed) {
  const std::string text = to_json(some());
  for (std::size_t length = 0; length + 2 < text.size(); ++length) {
    BOOST_REQUIRE_EQUAL(
        complaint(text.substr(0, length)),
        "FILE is no JSON, or was cut short; record the machine again with tools/probe --record");
  }
}

BOOST_AUTO_TEST_CASE(another_schema_is_refused) {
  BOOST_CHECK_EQUAL(
      complaint(changed("cmm-attributes 1", "cmm-attributes 2")),
      "FILE has the schema \"cmm-attributes 2\", and this program reads \"cmm-attributes 1\"; use the "
      "tools/probe that recorded it");
  BOOST_CHECK_EQUAL(complaint(changed("\"schema\"", "\"scheme\"")),
                    "FILE lacks \"schema\"; record the machine again with tools/probe --record");
}

BOOST_AUTO_TEST_CASE(wrong_types_are_named) {
  BOOST_CHECK_EQUAL(complaint("[]"), "FILE must be an object, and is array");
  BOOST_CHECK_EQUAL(complaint(changed("65536", "\"64k\"")),
                    "FILE: host: \"page_bytes\" must be a whole number or null, and is string");
  BOOST_CHECK_EQUAL(complaint(changed("\"cudaDevAttrNumaId\": 1", "\"cudaDevAttrNumaId\": 1.5")),
                    "FILE: gpus[0]: cuda: \"cudaDevAttrNumaId\" must be a whole number, and is number");
  BOOST_CHECK_EQUAL(complaint(changed("\"0009:01:00.0\"", "null")),
                    "FILE: gpus[0]: \"bus\" must be text, and is null");
  BOOST_CHECK_EQUAL(complaint(changed("\"Permission denied\"", "13")),
                    "FILE: unreadable: \"/proc/iomem\" must be text, and is number");
  BOOST_CHECK_EQUAL(complaint(changed("\"gpus\": [", "\"gpus\": 0, \"other\": [")),
                    "FILE: \"gpus\" must be a list, and is number");
}

BOOST_AUTO_TEST_SUITE_END()
