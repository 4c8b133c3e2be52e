#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmm/core/error.hpp>
#include <cmm/platform.hpp>
#include <fstream>
#include <iterator>
#include <map>

#include "attributes.hpp"
#include "mutator.hpp"

BOOST_AUTO_TEST_SUITE(fuzz_machines)

namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// A recorded machine: its files by the path they had there, and its attributes.json.
struct recording {
  std::map<std::string, std::string> files;
  std::string attributes;
  cmm::platform::answers given{};  ///< what the attributes tell
};

std::vector<recording> recordings() {
  std::vector<recording> found;
  for (const fs::directory_entry& machine : fs::directory_iterator{CMM_MACHINES}) {
    if (!machine.is_directory()) continue;
    recording read;
    for (const fs::directory_entry& each : fs::recursive_directory_iterator{machine}) {
      if (!each.is_regular_file()) continue;
      const std::string name = "/" + fs::relative(each, machine).string();
      (name == "/attributes.json" ? read.attributes : read.files[name]) = content(each);
    }
    read.given = cmm::probe::parse_attributes(read.attributes, "attributes.json").given;
    found.push_back(std::move(read));
  }
  BOOST_REQUIRE_GE(found.size(), 10U);
  return found;
}

const std::vector<std::string> words{
    "max", " kB", "0-3", "18446744073709551615", "\xff\xfe", "\u00b2", "-1", "\n", "null", "{\"", "[["};

}  // namespace

/// One file of a recorded machine is damaged: it is described all the same, and no tier holds more than there
/// is.
BOOST_AUTO_TEST_CASE(a_machine_with_a_damaged_file_is_described) {
  const std::vector<recording> machines = recordings();
  const std::uint64_t tries = 2'000 * tests::fuzz_number("CMM_FUZZ_FACTOR", 1);
  const std::uint64_t seed = tests::fuzz_number("CMM_FUZZ_SEED", 1);
  tests::mutator choose{seed, {""}, words};
  for (std::uint64_t i = 0; i < tries; ++i) {
    const recording& machine = machines[choose.below(machines.size())];
    auto files = machine.files;
    const auto damaged = std::next(files.begin(), static_cast<std::ptrdiff_t>(choose.below(files.size())));
    damaged->second = tests::mutator{seed + i, {damaged->second}, words}.next();
    cmm::platform::files from = cmm::platform::files::of(files);
    try {
      const auto known = cmm::platform::describe(from, machine.given);
      const std::string text = cmm::platform::to_text(known);
      BOOST_REQUIRE(!text.empty());
      const auto readable = [](char c) { return c == '\n' || static_cast<unsigned char>(c) >= 0x20; };
      BOOST_REQUIRE_MESSAGE(std::all_of(text.begin(), text.end(), readable), damaged->first);
    } catch (const std::exception& error) {
      BOOST_FAIL("seed " << seed << ", try " << i << ", " << damaged->first << ": " << error.what());
    }
  }
}

BOOST_AUTO_TEST_CASE(attributes_are_read_and_written_back_or_refused) {
  std::vector<std::string> right;
  for (const recording& each : recordings()) {
    if (!each.attributes.empty()) right.push_back(each.attributes);
  }
  tests::fuzz(
      right, words, 3'000,
      [](const std::string& text) -> std::string {
        try {
          const auto read = cmm::probe::parse_attributes(text, "attributes.json");
          const auto again = cmm::probe::parse_attributes(cmm::probe::to_json(read), "attributes.json");
          return again.given == read.given && again.unreadable == read.unreadable ? ""
                                                                                  : "is not written back";
        } catch (const cmm::bad_text& error) {
          return tests::fault_of(error.what());
        } catch (const std::exception& error) {
          return std::string{"threw something else: "} + error.what();
        }
      },
      [](const std::string& wrong, const std::string& text) { BOOST_ERROR(wrong << ", for " << text); });
}

BOOST_AUTO_TEST_SUITE_END()
