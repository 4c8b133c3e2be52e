#include "record/record.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

namespace {

using namespace cmm;
using nlohmann::json;

/// A folder in which an interrupted run may have left rows.
struct world {
  world() {
    std::filesystem::remove_all(wanted.out);
    std::filesystem::create_directories(wanted.out);
  }
  ~world() { std::filesystem::remove_all(wanted.out); }

  void leave(const json& rows) const {
    bench::record run{wanted, machine};
    for (const json& row : rows) run.add({}, row);
    BOOST_REQUIRE_EQUAL(run.leave(rows.size(), rows.size() + 1), 130);
  }

  bench::about machine{{{"platform", "a machine"}, {"simulated", "false"}}, {}, {}, {}};
  bench::options wanted = [] {
    bench::options some;
    some.out = std::filesystem::temp_directory_path() / "cmm_bench_record_test";
    return some;
  }();
};

json measured(const char* name) { return {{"name", name}, {"run_name", name}, {"p50_ns", 5.0}}; }
json failed(const char* name) {
  return {{"name", name}, {"run_name", name}, {"error_occurred", true}, {"error_message", "memory ran out"}};
}
std::vector<bench::bench_row> rows(std::initializer_list<const char*> names) {
  std::vector<bench::bench_row> all;
  for (const char* name : names) all.push_back({name, {}});
  return all;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(bench_record, world)

BOOST_AUTO_TEST_CASE(a_row_that_failed_is_measured_again_and_one_that_did_not_is_kept) {
  leave(json::array({measured("a"), failed("b"), measured("c")}));
  bench::record again{wanted, machine};
  again.resume(rows({"a", "b", "c", "d"}));
  BOOST_CHECK(again.has("a"));
  BOOST_CHECK(!again.has("b"));
  BOOST_CHECK(again.has("c"));
  BOOST_CHECK(!again.has("d"));
}

BOOST_AUTO_TEST_CASE(rows_of_another_machine_are_not_taken_over) {
  leave(json::array({measured("a")}));
  machine.machine.front().second = "another one";
  bench::record other{wanted, machine};
  other.resume(rows({"a"}));
  BOOST_CHECK(!other.has("a"));
}

BOOST_AUTO_TEST_CASE(a_run_with_a_failed_row_fails_and_one_without_does_not) {
  bench::record bad{wanted, machine};
  bad.add({}, measured("a"));
  bad.add({}, failed("b"));
  BOOST_CHECK_EQUAL(bad.finish(), 1);
  bench::record good{wanted, machine};
  good.add({}, measured("a"));
  good.add({}, measured("b"));
  BOOST_CHECK_EQUAL(good.finish(), 0);
}

BOOST_AUTO_TEST_CASE(a_row_names_its_limit_and_whether_it_was_measured) {
  bench::record run{wanted, machine};
  run.limit_of("a", {10, "a copy", false});
  run.limit_of("b", {10, "PCIe", true});
  BOOST_CHECK_EQUAL(run.add({}, measured("a")).value("limit_source", ""), "measured");
  const json& b = run.add({}, measured("b"));
  BOOST_CHECK_EQUAL(b.value("limit_source", ""), "published");
  BOOST_CHECK_EQUAL(b.value("limit", ""), "PCIe");
  BOOST_CHECK(!run.add({}, measured("c")).contains("limit"));
}

BOOST_AUTO_TEST_SUITE_END()
