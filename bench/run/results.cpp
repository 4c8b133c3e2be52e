#include "results.hpp"

#include <benchmark/benchmark.h>

#include <cmm/core/error.hpp>
#include <cstdio>
#include <regex>

#include "../measure/statistics.hpp"
#include "../record/record.hpp"
#include "interrupt.hpp"
#include "progress.hpp"

namespace cmm::bench {
namespace {

using benchmark::BenchmarkReporter;

constexpr const char* not_run = "it came after an interrupt";

/// Takes each row as Google Benchmark reports it: prints it and puts it into the record.
class row_reporter : public BenchmarkReporter {
 public:
  row_reporter(record& kept, progress& shown) : record_{kept}, progress_{shown} {}

  bool ReportContext(const Context& context) override {
    context_ = &context;
    return true;
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    std::ostringstream text;
    benchmark::JSONReporter writer;
    writer.SetOutputStream(&text);
    writer.SetErrorStream(&text);
    writer.ReportContext(*context_);
    writer.ReportRuns(runs);
    writer.Finalize();
    auto reported = nlohmann::json::parse(text.str());
    if (reported["benchmarks"][0].value("error_message", "") == not_run) return;
    const nlohmann::json& row = record_.add(reported["context"], std::move(reported["benchmarks"][0]));
    progress_.ended(row);
  }

 private:
  record& record_;
  progress& progress_;
  const Context* context_ = nullptr;
};

void measure(const bench_row& row, int repetitions, benchmark::State& state, record& kept) {
  if (interrupted()) return state.SkipWithError(not_run);
  try {
    std::vector<sample_sink> passes(static_cast<std::size_t>(repetitions));
    for (sample_sink& each : passes) row.measure(each);
    const summary sum = summarize(passes);
    for (auto _ : state) state.SetIterationTime(sum.median() * 1e-9);
    for (const auto& [name, value] : sum.counters) state.counters[name] = value;
    kept.limit_of(row.name, passes.front().limit);
  } catch (const skipped& reason) {
    kept.skip(row.name, reason.what());
    state.SkipWithError(reason.what());
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
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

/// Registers what is not yet in the record; answers how many rows that are.
std::size_t register_rows(const std::vector<bench_row>& rows, int repetitions, record& kept) {
  std::size_t count = 0;
  for (const bench_row& row : rows) {
    if (kept.has(row.name)) continue;
    ++count;
    benchmark::RegisterBenchmark(
        row.name.c_str(),
        [&row, repetitions, &kept](benchmark::State& state) { measure(row, repetitions, state, kept); })
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMicrosecond);
  }
  return count;
}

}  // namespace

int run_rows(const std::vector<bench_row>& rows, const options& wanted, const about& origin) {
  const std::vector<bench_row> chosen = matching(rows, wanted.filter);
  if (wanted.list) {
    for (const bench_row& row : chosen) std::printf("%s\n", row.name.c_str());
    return 0;
  }
  record kept{wanted, origin};
  if (!wanted.fresh) kept.resume(chosen);
  const std::size_t count = register_rows(chosen, wanted.repetitions, kept);
  progress shown{count};
  row_reporter reporter{kept, shown};
  watch_interrupts();
  if (count != 0) benchmark::RunSpecifiedBenchmarks(&reporter, ".");
  benchmark::ClearRegisteredBenchmarks();  // another round may follow
  return interrupted() ? kept.leave(shown.done(), count) : kept.finish();
}

}  // namespace cmm::bench
