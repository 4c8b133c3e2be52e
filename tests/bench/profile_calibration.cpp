#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <cmm/core/error.hpp>
#include <cmm/sim/profiles.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "calibrate/calibrate.hpp"
#include "calibrate/command.hpp"
#include "calibrate/simulated_rows.hpp"
#include "measure/options.hpp"

BOOST_AUTO_TEST_SUITE(profile_calibration)

namespace {

using namespace cmm;
using nlohmann::json;
namespace fs = std::filesystem;

const char* const first_row = "allocate/allocator:managed+advise_only/bytes:16MiB";

/// The rows of a calibration as they are on the simulated H200.
const json& predicted() {
  static const json rows = [] {
    const sim::machine_profile h200{sim::machine_profile{}, &sim::h200_pcie};
    json all = json::array();
    for (const sim::calibrated& each : sim::h200_pcie.calibration) {
      const double time = bench::simulated_row(h200, bench::options::default_managed, each.row);
      all.push_back({{"name", each.row}, {"p50_ns", time}});
    }
    return all;
  }();
  return rows;
}

/// A run of a machine on which each calibration row takes as long as on the simulated H200, times a factor.
class made_up_run {
 public:
  explicit made_up_run(double factor = 1) {
    content_ = {{"context",
                 {{"schema", "cmm-bench 2"},
                  {"machine", {{"gpu", "NVIDIA H200"}, {"platform", "cuda"}, {"multiprocessors", "132"}}}}},
                {"benchmarks", predicted()}};
    for (json& each : rows()) each["p50_ns"] = factor * each["p50_ns"].get<double>();
  }
  ~made_up_run() { fs::remove(file_); }
  made_up_run(const made_up_run&) = delete;
  made_up_run& operator=(const made_up_run&) = delete;

  json& context() { return content_["context"]; }
  json& rows() { return content_["benchmarks"]; }
  json& row(const std::string& name) {
    for (json& each : rows()) {
      if (each["name"] == name) return each;
    }
    throw std::logic_error{"no row " + name};
  }
  const fs::path& file() {
    std::ofstream{file_} << content_.dump();
    return file_;
  }
  bench::calibration calibrated() { return bench::calibrate(bench::measured_runs{{file()}}, "made-up"); }

 private:
  static fs::path next() {
    static int number = 0;
    return fs::temp_directory_path() /
           ("cmm-run-" + std::to_string(::getpid()) + "-" + std::to_string(++number) + ".json");
  }
  fs::path file_ = next();
  json content_;
};

bool says(const std::exception& refused, const std::string& text) {
  BOOST_TEST_MESSAGE(refused.what());
  return std::string{refused.what()}.find(text) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_h200_that_is_as_predicted_gets_the_figures_of_the_h200) {
  const bench::calibration done = made_up_run{}.calibrated();
  BOOST_TEST(done.base == std::string{"h200-pcie"});
  BOOST_CHECK_CLOSE(done.host, 1, 0.01);
  sim::each_figure(*done.made, [&](const std::string& name, const sim::figure& made, const char*) {
    sim::each_figure(sim::h200_pcie, [&](const std::string& other, const sim::figure& known, const char*) {
      if (name == other) BOOST_TEST_CONTEXT(name) {
          BOOST_CHECK_CLOSE(made.value, known.value, 0.01);
        }
    });
  });
}

BOOST_AUTO_TEST_CASE(a_machine_whose_rows_all_take_twice_as_long_has_figures_twice_as_long) {
  const bench::calibration done = made_up_run{2}.calibrated();
  const sim::profile& known = sim::h200_pcie;
  BOOST_CHECK_CLOSE(done.host, 2, 0.1);
  BOOST_CHECK_CLOSE(done.made->calls.managed_pair.value, 2 * known.calls.managed_pair, 0.1);
  BOOST_CHECK_CLOSE(done.made->prefetch.block.value, 2 * known.prefetch.block, 0.1);
  BOOST_CHECK_CLOSE(done.made->faults.cpu_migrate.value, known.faults.cpu_migrate / 2, 0.1);
  BOOST_CHECK_CLOSE(done.made->calls.launch.value, 2 * known.calls.launch, 0.1);
  BOOST_CHECK_CLOSE(done.made->calls.product.value, 1.5 * known.calls.product, 0.1);
  BOOST_TEST(done.made->link.h2d.value == known.link.h2d.value);
}

BOOST_AUTO_TEST_CASE(a_row_alone_tells_half_of_what_it_differs) {
  made_up_run run;
  run.row(first_row)["p50_ns"] = 1.4 * run.row(first_row)["p50_ns"].get<double>();
  const bench::calibration done = run.calibrated();
  const double told = done.made->calls.managed_pair / sim::h200_pcie.calls.managed_pair;
  BOOST_TEST(told > 1.17);
  BOOST_TEST(told < 1.2);
}

BOOST_AUTO_TEST_CASE(a_row_of_pages_tells_nothing_of_the_host) {
  made_up_run run;
  for (json& each : run.rows()) {
    const bool pages = !each["name"].get<std::string>().starts_with("allocate");
    each["p50_ns"] = (pages ? 3 : 1.2) * each["p50_ns"].get<double>();
  }
  const bench::calibration done = run.calibrated();
  BOOST_CHECK_CLOSE(done.host, 1.2, 0.1);
  BOOST_CHECK_CLOSE(done.made->calls.pool_pair.value, 1.2 * sim::h200_pcie.calls.pool_pair, 0.1);
  BOOST_CHECK_CLOSE(done.made->faults.service.value, 3 * sim::h200_pcie.faults.service, 0.1);
}

BOOST_AUTO_TEST_CASE(a_host_at_two_speeds_is_told) {
  made_up_run run;
  BOOST_TEST(run.calibrated().notes.empty());
  run.row(first_row)["p50_ns"] = 1.8 * run.row(first_row)["p50_ns"].get<double>();
  const bench::calibration done = run.calibrated();
  BOOST_REQUIRE_EQUAL(done.notes.size(), 1U);
  BOOST_TEST(done.notes[0].find("it changed its speed meanwhile") != std::string::npos);
  BOOST_TEST(done.notes[0].find(first_row) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_host_at_two_speeds_has_the_faster_however_few_rows_say_so) {
  made_up_run run;
  for (json& each : run.rows()) {
    const bool slow = each["name"].get<std::string>().starts_with("allocate") && each["name"] != first_row;
    each["p50_ns"] = (slow ? 1.8 : 1.0) * each["p50_ns"].get<double>();
  }
  const bench::calibration done = run.calibrated();
  BOOST_CHECK_CLOSE(done.host, 1, 0.1);
  BOOST_CHECK_CLOSE(done.made->calls.event.value, sim::h200_pcie.calls.event.value, 0.1);
  BOOST_CHECK_CLOSE(done.made->calls.device_pair.value, sim::h200_pcie.calls.device_pair.value, 0.1);
  BOOST_CHECK_CLOSE(done.made->calls.launch.value, sim::h200_pcie.calls.launch.value, 0.1);
}

BOOST_AUTO_TEST_CASE(the_fastest_of_several_runs_counts) {
  made_up_run a{1};
  made_up_run b{2};
  made_up_run c{2};
  const auto done = bench::calibrate(bench::measured_runs{{b.file(), a.file(), c.file()}}, "made-up");
  BOOST_CHECK_CLOSE(done.host, 1, 0.01);
}

BOOST_AUTO_TEST_CASE(runs_of_two_machines_make_no_profile) {
  made_up_run a;
  made_up_run b;
  b.context()["machine"]["gpu"] = "NVIDIA A100";
  BOOST_CHECK_EXCEPTION((bench::measured_runs{{a.file(), b.file()}}), bad_text,
                        [](const bad_text& e) { return says(e, "it is of another machine than"); });
}

BOOST_AUTO_TEST_CASE(rows_that_are_missing_are_named) {
  made_up_run run;
  run.row(first_row).erase("p50_ns");
  BOOST_CHECK_EXCEPTION(run.calibrated(), bad_text, [](const bad_text& e) {
    return says(e, std::string{"it lacks the rows "} + first_row + "; run tools/bench --calibrate");
  });
}

BOOST_AUTO_TEST_CASE(what_is_no_run_makes_no_profile) {
  made_up_run run;
  run.context()["schema"] = "cmm-bench 1";
  BOOST_CHECK_EXCEPTION(bench::measured_runs{{run.file()}}, bad_text,
                        [](const bad_text& e) { return says(e, "its schema is \"cmm-bench 1\""); });
  const auto file = run.file();
  std::ofstream{file} << "{";
  BOOST_CHECK_EXCEPTION(bench::measured_runs{{file}}, bad_text,
                        [](const bad_text& e) { return says(e, "it holds no results"); });
  BOOST_CHECK_EXCEPTION(bench::measured_runs{{"/nowhere.json"}}, bad_text,
                        [](const bad_text& e) { return says(e, "there is no such file"); });
}

BOOST_AUTO_TEST_CASE(what_the_probe_and_the_limits_tell_is_taken) {
  made_up_run run;
  run.context()["machine"]["gpu_memory_bytes"] = "85017493504";
  run.context()["machine"]["multiprocessors"] = "114";
  run.context()["platform"]["facts"]["memory_total_bytes"]["value"] = 5e11;
  run.rows().push_back({{"name", "bandwidth/x"},
                        {"bytes", 2e9},
                        {"limit", "GPU memory, by clock and bus width"},
                        {"limit_ns", 1e6}});
  const auto made = run.calibrated().made;
  BOOST_TEST(made->hbm.capacity.value == 85017493504.0);
  BOOST_TEST(made->gpu.multiprocessors.value == 114);
  BOOST_TEST(made->host.capacity.value == 5e11);
  BOOST_TEST(made->hbm.peak.value == 2000);
  BOOST_CHECK_CLOSE(made->hbm.read.value, 1800, 0.1);
  BOOST_TEST(std::string{made->hbm.read.source}.starts_with("assumed"));
}

BOOST_AUTO_TEST_CASE(the_filter_of_a_calibration_finds_every_row_that_it_needs) {
  const std::string filter = bench::calibration_filter();
  for (const sim::calibrated& each : sim::h200_pcie.calibration) {
    std::string escaped;
    for (const char c : std::string{each.row}) escaped += c == '+' ? "\\+" : std::string{c};
    BOOST_TEST(filter.find(escaped) != std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
