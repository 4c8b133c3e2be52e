#include <CLI/CLI.hpp>
#include <cstdio>

#include "../calibrate/command.hpp"
#include "../profile/file.hpp"
#include "../workload/sim_workload.hpp"
#include "gpu.hpp"
#include "run.hpp"

namespace {

using cmm::bench::options;

constexpr const char* about =
    "Measures what memory costs an inference engine: allocating it, populating it, faults, bandwidth and "
    "latency, "
    "matrix products and paged decoding, by policy and placement, each against what limits it. It runs on "
    "the GPUs of "
    "this machine or on a simulated one.";
constexpr const char* footer =
    "Managed memory is bounded: 8GiB unless --max-managed says otherwise, and never more than a quarter of "
    "the GPU's "
    "free memory. Results go to results.json: Google Benchmark JSON with the machine in its context, one row "
    "on each "
    "line. Ctrl-C leaves results.partial.json, from which the same command goes on.";

int run_simulated(const std::string& machine, const options& wanted) {
  const cmm::sim::machine_profile profile = cmm::sim::find_machine(machine);
  for (const std::string& each : cmm::bench::contradictions(*profile)) {
    std::fprintf(stderr, "cmm_bench: warning: in the profile %s %s\n", profile->name, each.c_str());
  }
  std::vector<std::unique_ptr<cmm::bench::sim_workload>> gpus;
  for (int device = 0; device < profile->devices; ++device) {
    gpus.push_back(std::make_unique<cmm::bench::sim_workload>(profile, device));
  }
  if (!wanted.list) {
    std::printf("platform: simulated %s; every figure is predicted by this profile, none is measured\n",
                profile->name);
  }
  return cmm::bench::run_on(gpus, wanted);
}

int run_rows_on(const options& wanted) {
  constexpr std::string_view sim = "sim:";
  constexpr const char* stand_in = "gh200-480";
  if (wanted.platform.starts_with(sim)) return run_simulated(wanted.platform.substr(sim.size()), wanted);
  if (wanted.platform != "auto" && wanted.platform != "cuda") {
    throw cmm::bad_text{
        "the platform \"" + wanted.platform +
        "\" is unknown; write auto, cuda, or sim:NAME such as sim:gh200-480 or sim:FILE.json"};
  }
  const std::string missing = cmm::bench::why_no_gpu();
  if (missing.empty()) return cmm::bench::run_on_cuda(wanted);
  if (wanted.platform == "cuda") {
    throw cmm::bad_text{"no GPU can be used: " + missing + "; leave --platform out to simulate one"};
  }
  std::fprintf(stderr, "cmm_bench: no GPU can be used (%s), so a GH200 is simulated\n", missing.c_str());
  return run_simulated(stand_in, wanted);
}

int run(options wanted) {
  if (!wanted.calibrate_from.empty()) {
    return cmm::bench::write_profile(wanted.calibrate_from, wanted.out, wanted.name);
  }
  if (!wanted.calibrate) return run_rows_on(wanted);
  // A host changes its speed over seconds, and the medians of a row are up to 2.1 times as long while it is
  // slow: each row is measured in three rounds, and the fastest counts, which two calibrations share.
  constexpr int rounds = 3;
  const std::filesystem::path out = wanted.out;
  std::vector<std::filesystem::path> results;
  wanted.filter = cmm::bench::calibration_filter();
  for (int round = 1; round <= rounds; ++round) {
    wanted.out = out / ("round-" + std::to_string(round));
    if (const int failed = run_rows_on(wanted); failed != 0) return failed;
    results.push_back(wanted.out / "results.json");
  }
  return cmm::bench::write_profile(results, out, wanted.name);
}

}  // namespace

/// `40GiB+40GiB`: what lies in HBM, and what lies beyond it.
cmm::bench::range_size parse_range(const std::string& text) {
  const std::size_t plus = text.find('+');
  constexpr std::size_t granule = 2 << 20;
  try {
    if (plus == std::string::npos) throw cmm::bad_text{"it has no +"};
    const cmm::bench::range_size size{cmm::parse_size(text.substr(0, plus)),
                                      cmm::parse_size(text.substr(plus + 1))};
    for (const std::size_t each : {size.fast, size.beyond}) {
      if (each == 0 || each % granule != 0) throw cmm::bad_text{"a part of it is not made of whole 2MiB"};
    }
    return size;
  } catch (const cmm::bad_text& error) {
    throw cmm::bad_text{"--kv-range is " + text +
                        "; give what lies in HBM and what lies beyond it, such as " +
                        "4GiB+4GiB: " + error.what()};
  }
}

int main(int argc, char** argv) {
  options wanted;
  std::string max_managed;
  std::vector<std::string> kv_ranges;
  CLI::App app{about, "cmm_bench"};
  app.footer(footer);
  app.add_option("--platform", wanted.platform,
                 "auto (a GPU if one answers, else sim:gh200-480), cuda, or sim:NAME with NAME one of " +
                     cmm::sim::profile_names() + ", or sim:FILE.json with a profile that --calibrate made")
      ->capture_default_str();
  CLI::Option* const calibrate = app.add_flag(
      "--calibrate", wanted.calibrate,
      "measure the few rows from which a profile of this machine is made, in three rounds, and write "
      "profile.json");
  CLI::Option* const from =
      app.add_option("--calibrate-from", wanted.calibrate_from,
                     "make the profile from the results.json of one run of a machine, or of several");
  app.add_option("--name", wanted.name, "what the profile is called; without it, after the GPU");
  app.add_flag("--quick", wanted.quick, "fewer sizes and samples");
  CLI::Option* const filter =
      app.add_option("--filter", wanted.filter, "run the rows whose name matches this regular expression");
  app.add_option("--repetitions", wanted.repetitions,
                 "measure each row so many times and tell how far they differ")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_flag("--fresh", wanted.fresh, "do not go on from what an interrupted run has left");
  CLI::Option* const list = app.add_flag("--list", wanted.list, "print the names of the rows and run none");
  app.add_option("--out", wanted.out, "folder for the results")->capture_default_str();
  app.add_option("--max-managed", max_managed, "managed memory alive at once, such as 4GiB");
  app.add_option(
      "--kv-range", kv_ranges,
      "move KV pages within a range of this size too, HBM and beyond it, such as 40GiB+40GiB; may be "
      "given several times");
  app.add_option("--trace", wanted.trace, "a trace of the layer trace, for the rows of replay");
  for (CLI::Option* const other : {filter, list}) {
    calibrate->excludes(other);
    from->excludes(other);
  }
  calibrate->excludes(from);
  try {
    app.parse(argc, argv);
    const bool makes_profile = wanted.calibrate || !wanted.calibrate_from.empty();
    if (!wanted.name.empty() && !makes_profile) {
      throw cmm::bad_text{"--name is that of a profile; give --calibrate or --calibrate-from with it"};
    }
    if (!wanted.name.empty()) cmm::bench::check_profile_name(wanted.name);
    if (!max_managed.empty()) wanted.max_managed = cmm::parse_size(max_managed);
    if (!max_managed.empty() && wanted.max_managed < cmm::bench::options::least_managed) {
      throw cmm::bad_text{"--max-managed is " + max_managed + "; give at least 4MiB"};
    }
    for (const std::string& each : kv_ranges) wanted.kv_ranges.push_back(parse_range(each));
    return run(wanted);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    std::fprintf(stderr, "cmm_bench: %s; see --help\n", cmm::detail::printable(error.what()).c_str());
    return 2;
  } catch (const cmm::bad_text& error) {
    std::fprintf(stderr, "cmm_bench: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cmm_bench: %s\n", cmm::detail::printable(error.what()).c_str());
    return 1;
  }
}
