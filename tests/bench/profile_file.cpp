#include "profile/file.hpp"

#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <cmm/core/error.hpp>
#include <cmm/sim/profiles.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>

BOOST_AUTO_TEST_SUITE(profile_file)

namespace {

using namespace cmm;
using nlohmann::json;

json written() { return json::parse(bench::profile_text(sim::h200_pcie)); }

json& figure(json& of, const std::string& name) {
  for (json& each : of["figures"]) {
    if (each["name"] == name) return each;
  }
  throw std::logic_error{"no figure " + name};
}

/// What is said of a profile in which one thing is wrong.
std::string said_of(const std::function<void(json&)>& spoil) {
  json text = written();
  spoil(text);
  try {
    sim::parse_profile(text.dump(), "machine.json");
  } catch (const bad_text& refused) {
    return refused.what();
  }
  return "";
}

void is_refused(const std::function<void(json&)>& spoil, const std::string& because) {
  const std::string said = said_of(spoil);
  BOOST_TEST_CONTEXT(said) {
    BOOST_CHECK(said.starts_with("machine.json is no profile: "));
    BOOST_CHECK(said.find(because) != said.npos);
  }
}

std::string figures_of(const sim::profile& of) {
  std::string all;
  sim::for_each_figure(
      of, [&](const std::string& name, double value, const char* unit, const std::string& source) {
        all += name + " " + json(value).dump() + " " + unit + " " + source + "\n";
      });
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_machine_is_read_as_it_was_written) {
  for (const sim::profile* each : sim::profiles) {
    const auto read = sim::parse_profile(bench::profile_text(*each), each->name);
    BOOST_TEST(figures_of(*read) == figures_of(*each));
    BOOST_TEST(read->name == std::string{each->name});
    BOOST_TEST(read->devices == each->devices);
    BOOST_TEST(read->numa_nodes == each->numa_nodes);
    BOOST_TEST(read->unified == each->unified);
    BOOST_TEST(bench::profile_text(*read) == bench::profile_text(*each));
  }
}

BOOST_AUTO_TEST_CASE(a_profile_holds_its_texts_when_the_file_is_gone) {
  sim::machine_profile read;
  {
    json text = written();
    text["name"] = "a-machine-with-a-name-of-its-own";
    read = sim::parse_profile(text.dump(), "machine.json");
  }
  BOOST_TEST(read->name == std::string{"a-machine-with-a-name-of-its-own"});
  BOOST_TEST(sim::row_of(*read, "faults.batch") == "page_fault/what:one_fault_fresh");
}

BOOST_AUTO_TEST_CASE(a_missing_figure_is_named) {
  is_refused(
      [](json& of) {
        auto& all = of["figures"];
        all.erase(std::remove_if(all.begin(), all.end(),
                                 [](const json& each) {
                                   return each["name"] == "link.h2d" || each["name"] == "calls.ask";
                                 }),
                  all.end());
      },
      "missing: link.h2d, calls.ask");
}

BOOST_AUTO_TEST_CASE(a_negative_figure_is_refused) {
  is_refused([](json& of) { figure(of, "calls.ask")["value"] = -1; }, "\"calls.ask\" is negative: -1");
}

BOOST_AUTO_TEST_CASE(an_unknown_figure_is_refused) {
  is_refused(
      [](json& of) {
        of["figures"].push_back(
            {{"name", "link.warp"}, {"value", 9}, {"unit", "GB/s"}, {"source", "assumed"}});
      },
      "\"link.warp\" is no figure");
}

BOOST_AUTO_TEST_CASE(a_figure_without_its_unit_is_told_which) {
  is_refused([](json& of) { figure(of, "link.h2d").erase("unit"); },
             "\"link.h2d\" has no unit; write \"unit\": \"GB/s\"");
  is_refused([](json& of) { figure(of, "link.h2d")["unit"] = "MB/s"; },
             "\"link.h2d\" is in \"MB/s\"; give it in \"GB/s\"");
}

BOOST_AUTO_TEST_CASE(a_figure_of_which_nobody_knows_where_it_comes_from_is_refused) {
  is_refused([](json& of) { figure(of, "link.h2d")["source"] = ""; }, "\"link.h2d\" has no source");
}

BOOST_AUTO_TEST_CASE(a_figure_twice_is_refused) {
  is_refused([](json& of) { of["figures"].push_back(figure(of, "link.h2d")); },
             "\"link.h2d\" stands there twice");
}

BOOST_AUTO_TEST_CASE(a_rate_of_nothing_is_refused_as_no_work_would_end) {
  is_refused([](json& of) { figure(of, "hbm.read")["value"] = 0; }, "\"hbm.read\" is 0; a machine has from");
}

BOOST_AUTO_TEST_CASE(another_schema_and_results_are_told_from_a_profile) {
  is_refused([](json& of) { of["schema"] = "cmm-profile 9"; }, "its schema is \"cmm-profile 9\"");
  is_refused([](json& of) { of["benchmarks"] = json::array(); }, "--calibrate-from RESULTS.json makes one");
  is_refused([](json& of) { of["name"] = "two\nlines"; }, "\"name\" is \"two\\nlines\"");
  is_refused([](json& of) { of["devices"] = 0; }, "\"devices\" is 0");
}

BOOST_AUTO_TEST_CASE(what_is_no_json_is_told_by_its_line) {
  const auto said = [](const std::string& part, const std::string& by) {
    std::string text = bench::profile_text(sim::h200_pcie);
    text.replace(text.find(part), part.size(), by);
    try {
      sim::parse_profile(text, "machine.json");
    } catch (const bad_text& refused) {
      return std::string{refused.what()};
    }
    return std::string{};
  };
  const std::string first = "\"value\": 141000000000.0";
  const std::string where = "machine.json is no profile: it is no JSON, line 7: ";
  for (const std::string value : {"NaN", "Infinity", "-nan", "0x10", "01", "1.", "--1", "1e"}) {
    BOOST_TEST(
        said(first, "\"value\": " + value).starts_with(where + '"' + value + "\" is no value of JSON"));
  }
  for (const std::string value : {"1e400", "-1e400", "1e-400"}) {
    BOOST_TEST(said(first, "\"value\": " + value)
                   .starts_with(where + value + " is too large or too small for any number"));
  }
  BOOST_TEST(said(first, first + ", \"value\": 1").starts_with(where + "\"value\" stands there twice"));
  BOOST_TEST(said(first, "\"value\": \"55\"").find("\"hbm.capacity\" has no number") != std::string::npos);
  BOOST_TEST(said(first, first + ", \"rows\": 1").find("\"hbm.capacity\" has \"rows\"") != std::string::npos);
  BOOST_TEST(said("\"unified\"", "\"unfied\": true, \"unified\"").find("has \"unfied\"") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_known_machine_contradicts_itself) {
  for (const sim::profile* each : sim::profiles) {
    for (const std::string& found : bench::contradictions(*each)) BOOST_ERROR(each->name + (": " + found));
  }
}

BOOST_AUTO_TEST_CASE(a_copy_that_is_faster_than_its_link_is_named) {
  sim::profile odd = sim::h200_pcie;
  odd.link.h2d.value = 70;
  odd.gpu.cache_latency.value = 400;
  const auto found = bench::contradictions(odd);
  BOOST_REQUIRE_EQUAL(found.size(), 2U);
  BOOST_TEST(found[0] == "link.h2d (70 GB/s) is more than link.peak (63 GB/s)");
  BOOST_TEST(found[1] == "gpu.cache_latency (400 ns) is more than hbm.latency (345 ns)");
}

BOOST_AUTO_TEST_CASE(a_file_may_not_take_the_name_of_a_known_machine) {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("cmm-profile-" + std::to_string(::getpid()) + ".json");
  std::ofstream{file} << bench::profile_text(sim::h200_pcie);
  BOOST_CHECK_EXCEPTION(sim::find_machine(file.string()), bad_text, [](const bad_text& refused) {
    return std::string{refused.what()}.find("\"h200-pcie\", as a machine that cmm knows") !=
           std::string::npos;
  });
  std::filesystem::remove(file);
  BOOST_CHECK_THROW(sim::find_machine(file.string()), bad_text);
  BOOST_TEST(sim::find_machine("gb10").get() == &sim::gb10);
}

/// A profile whose bytes were changed at random is read or refused, and never anything else.
BOOST_AUTO_TEST_CASE(whatever_a_file_holds_it_is_read_or_refused) {
  const std::string whole = bench::profile_text(sim::gh200_480);
  std::mt19937 random{7};
  const std::string alphabet = "0123456789-+eE.\"{}[],: nulltruefalse\\\x01\xff";
  int refused = 0;
  constexpr int tries = 400;
  for (int i = 0; i < tries; ++i) {
    std::string text = whole;
    for (unsigned changes = random() % 4; changes-- > 0;) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0: text[at] = alphabet[random() % alphabet.size()]; break;
        case 1: text.erase(at, random() % 40); break;
        default: text.insert(at, text.substr(random() % text.size(), random() % 40));
      }
    }
    try {
      const auto read = sim::parse_profile(text, "machine.json");
      sim::each_figure(*read, [](const std::string&, const sim::figure& one, const char*) {
        BOOST_REQUIRE(one.value >= -1 && one.value <= 1e18 && *one.source != 0);
      });
    } catch (const bad_text& wrong) {
      ++refused;
      BOOST_REQUIRE(std::string{wrong.what()}.starts_with("machine.json is no profile: "));
    }
  }
  BOOST_TEST(refused > tries / 3);
  BOOST_TEST(refused < tries);
}

BOOST_AUTO_TEST_SUITE_END()
