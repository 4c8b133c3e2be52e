#include "results.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmm/core/error.hpp>
#include <cmm/version.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "format.hpp"
#include "table.hpp"

namespace cmm::bench {
namespace {

using benchmark::BenchmarkReporter;

/// The error of a row, empty for none; Google Benchmark 1.8 renamed the members.
template <class Run>
std::string error_of(const Run& run) {
  if constexpr (requires { run.error_occurred; }) {
    return run.error_occurred ? run.error_message : "";
  } else {
    return run.skipped ? run.skip_message : "";
  }
}

/// The row's own name, without what Google Benchmark appends for one iteration and manual time.
std::string own_name(const std::string& name) { return name.substr(0, name.find("/iterations:")); }

/// Prints each row as it ends, with how far the run is, and keeps Google Benchmark's JSON of all of them.
class progress_reporter : public BenchmarkReporter {
 public:
  explicit progress_reporter(std::size_t rows) : rows_{rows} {
    json_.SetOutputStream(&text_);
    json_.SetErrorStream(&text_);
  }

  bool ReportContext(const Context& context) override { return json_.ReportContext(context); }
  void ReportRuns(const std::vector<Run>& runs) override {
    json_.ReportRuns(runs);
    for (const Run& run : runs) print(run);
    std::fflush(stdout);
  }
  void Finalize() override { json_.Finalize(); }

  [[nodiscard]] std::string json() const { return text_.str(); }
  [[nodiscard]] std::size_t failed() const noexcept { return failed_; }

 private:
  void print(const Run& run) {
    const std::string name = own_name(run.benchmark_name());
    const std::string error = error_of(run);
    ++done_;
    if (!error.empty()) {
      ++failed_;
      std::printf("[%3zu/%zu] %s\n          FAILED: %s\n", done_, rows_, name.c_str(), error.c_str());
      return;
    }
    const auto rate = run.counters.find("bytes_per_second");
    std::printf("[%3zu/%zu] %-72s %10s  %s\n", done_, rows_, name.c_str(),
                format_time(run.GetAdjustedRealTime() * 1e3).c_str(),
                rate == run.counters.end() ? "" : format_rate(rate->second.value).c_str());
  }

  std::size_t rows_;
  std::size_t done_ = 0;
  std::size_t failed_ = 0;
  std::ostringstream text_;
  benchmark::JSONReporter json_;
};

double quantile(const std::vector<double>& sorted, double q) {
  return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1) + 0.5)];
}

/// The median is the row's time; the spread goes beside it.
void report(benchmark::State& state, sample_sink& sink) {
  auto& samples = sink.nanoseconds;
  if (samples.empty()) return state.SkipWithError("the case took no sample");
  std::sort(samples.begin(), samples.end());
  const double median = quantile(samples, 0.5);
  for (auto _ : state) state.SetIterationTime(median * 1e-9);
  state.counters["samples"] = static_cast<double>(samples.size());
  state.counters["min_ns"] = samples.front();
  state.counters["p50_ns"] = median;
  state.counters["p99_ns"] = quantile(samples, 0.99);
  state.counters["max_ns"] = samples.back();
  if (sink.bytes != 0) {
    state.counters["bytes"] = static_cast<double>(sink.bytes);
    state.counters["bytes_per_second"] = static_cast<double>(sink.bytes) / median * 1e9;
  }
  if (sink.pages != 0) state.counters["ns_per_page"] = median / static_cast<double>(sink.pages);
  if (!sink.reference.empty()) {
    std::sort(sink.reference.begin(), sink.reference.end());
    const double reference = quantile(sink.reference, 0.5);
    state.counters["reference_ns"] = reference;
    state.counters["speedup"] = reference / median;
  }
  if (sink.limit > 0) {
    state.counters["limit_ns"] = sink.limit;
    state.counters["limit_ratio"] = sink.limit / median;
    state.SetLabel(std::string{"limit: "} + sink.limit_name);
  }
}

void register_row(const bench_row& row) {
  const auto body = [&row](benchmark::State& state) {
    sample_sink sink;
    try {
      row.measure(sink);
    } catch (const std::exception& error) {
      state.SkipWithError(error.what());
      return;
    }
    report(state, sink);
  };
  benchmark::RegisterBenchmark(row.name.c_str(), body)
      ->Iterations(1)
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond);
}

std::vector<bench_row> matching(const std::vector<bench_row>& rows, const std::string& filter) {
  std::vector<bench_row> chosen;
  try {
    const std::regex wanted{filter};
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(chosen),
                 [&](const bench_row& row) { return std::regex_search(row.name, wanted); });
  } catch (const std::regex_error&) {
    throw bad_text{"the filter \"" + filter +
                   "\" is no regular expression; write one such as allocate or populate"};
  }
  if (chosen.empty()) {
    throw bad_text{"the filter \"" + filter + "\" matches none of the " + std::to_string(rows.size()) +
                   " rows; --list shows their names"};
  }
  return chosen;
}

/// Google Benchmark's result with the machine in its context and the rows' own names.
nlohmann::json with_machine(const std::string& text, const options& wanted, const facts& machine) {
  auto result = nlohmann::json::parse(text);
  auto& context = result["context"];
  context["schema"] = "cmm-bench 1";
  context["cmm_version"] = CMM_VERSION_STRING;
  context["quick"] = wanted.quick;
  context.erase("host_name");  // results are published
  context.erase("executable");
  for (const auto& [name, value] : machine) context["machine"][name] = value;
  for (auto& row : result["benchmarks"]) {
    for (const char* key : {"name", "run_name"}) row[key] = own_name(row[key].get<std::string>());
  }
  return result;
}

bool write_whole(const std::filesystem::path& path, const std::string& text) {
  const std::filesystem::path partial = path.string() + ".partial";
  std::ofstream file{partial};
  file << text;
  file.close();
  std::error_code failed;
  if (file) std::filesystem::rename(partial, path, failed);
  if (file && !failed) return true;
  std::error_code ignored;  // the partial file may not exist
  std::filesystem::remove(partial, ignored);
  std::fprintf(stderr, "cmm_bench: %s could not be written; check that its folder is writable and has room\n",
               path.c_str());
  return false;
}

}  // namespace

int run_rows(const std::vector<bench_row>& rows, const options& wanted, const facts& machine) {
  const std::vector<bench_row> chosen = matching(rows, wanted.filter);
  if (wanted.list) {
    for (const bench_row& row : chosen) std::printf("%s\n", row.name.c_str());
    return 0;
  }
  std::error_code failed;
  std::filesystem::create_directories(wanted.out, failed);
  if (failed) {
    throw bad_text{"the folder " + wanted.out.string() + " cannot be made (" + failed.message() +
                   "); give another one with --out"};
  }
  for (const bench_row& row : chosen) register_row(row);
  progress_reporter reporter{chosen.size()};
  benchmark::RunSpecifiedBenchmarks(&reporter, ".");

  const nlohmann::json result = with_machine(reporter.json(), wanted, machine);
  const std::string table = table_of(result);
  std::printf("\n%s\n", table.c_str());
  const bool written = write_whole(wanted.out / "results.json", result.dump(1) + "\n") &&
                       write_whole(wanted.out / "table.md", table);
  if (written) {
    std::printf("written: %s and %s\n", (wanted.out / "results.json").c_str(),
                (wanted.out / "table.md").c_str());
  }
  if (reporter.failed() != 0) {
    std::printf("%zu of %zu rows failed; each says why above\n", reporter.failed(), chosen.size());
  }
  return written && reporter.failed() == 0 ? 0 : 1;
}

}  // namespace cmm::bench
