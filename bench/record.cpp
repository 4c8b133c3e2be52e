#include "record.hpp"

#include <algorithm>
#include <cmm/core/error.hpp>
#include <cmm/core/whole_file.hpp>
#include <cmm/version.hpp>
#include <cstdio>
#include <fstream>

namespace cmm::bench {
namespace {

using nlohmann::json;

/// The row's own name, without what Google Benchmark appends for one iteration and manual time.
std::string own_name(const std::string& name) { return name.substr(0, name.find("/iterations:")); }

json context_of(const options& wanted, const about& origin) {
  json context = {{"schema", "cmm-bench 2"},
                  {"cmm_version", CMM_VERSION_STRING},
                  {"quick", wanted.quick},
                  {"repetitions", wanted.repetitions}};
  if (!wanted.trace.empty()) context["trace"] = wanted.trace.filename().string();
  for (const auto& [name, value] : origin.machine) context["machine"][name] = value;
  if (!origin.platform.empty()) context["platform"] = json::parse(origin.platform);
  for (const profile_figure& each : origin.profile) {
    context["profile"].push_back(
        {{"name", each.name}, {"value", each.value}, {"unit", each.unit}, {"source", each.source}});
  }
  if (!origin.calibration.empty()) context["calibration"] = origin.calibration;
  return context;
}

/// Whether what Google Benchmark says of this computer belongs into the results: its names never, because
/// results are published, and its CPU only where it is the machine that was measured.
bool tells_of_the_machine(const std::string& key, const json& context) {
  if (key == "host_name" || key == "executable" || key == "library_build_type") return false;
  return key == "date" || context["machine"].value("simulated", "") == "false";
}

/// Whether rows of the other run can stand beside rows of this one.
bool same_run(const json& other, const json& mine) {
  for (const char* key : {"schema", "cmm_version", "quick", "repetitions", "machine"}) {
    if (!other.contains(key) || other[key] != mine[key]) return false;
  }
  return other.value("trace", "") == mine.value("trace", "");
}

}  // namespace

record::record(const options& wanted, const about& origin)
    : final_{wanted.out / "results.json"},
      partial_{wanted.out / "results.partial.json"},
      context_(context_of(wanted, origin)) {
  std::error_code failed;
  std::filesystem::create_directories(wanted.out, failed);
  if (failed) {
    throw bad_text{"the folder " + wanted.out.string() + " cannot be made (" + failed.message() +
                   "); give another one with --out"};
  }
}

void record::resume(const std::vector<bench_row>& rows) {
  std::ifstream file{partial_};
  if (!file) return;
  const json left = json::parse(file, nullptr, false);
  const bool usable = left.is_object() && left.contains("context") && left.contains("benchmarks") &&
                      same_run(left["context"], context_);
  if (!usable) {
    std::printf("%s is left from a run of another kind and is not used\n", partial_.c_str());
    return;
  }
  std::map<std::string, json> known;
  for (const json& row : left["benchmarks"]) {
    if (!row.contains("error_message")) known[row.value("name", "")] = row;
  }
  for (const bench_row& row : rows) {
    const auto found = known.find(row.name);
    if (found == known.end()) continue;
    order_.push_back(row.name);
    if (found->second.contains("skipped")) skipped_[row.name] = found->second["skipped"];
    rows_[row.name] = std::move(found->second);
    known.erase(found);
  }
  for (auto& [name, row] : known) aside_.push_back(std::move(row));
  for (const auto& [key, value] : left["context"].items()) {
    if (!context_.contains(key) && key != "complete") context_[key] = value;
  }
  std::printf("going on after an interrupt: %zu of %zu rows are in %s; --fresh measures them anew\n",
              order_.size(), rows.size(), partial_.c_str());
}

const json& record::add(const json& context, json row) {
  for (const auto& [key, value] : context.items()) {
    if (tells_of_the_machine(key, context_) && !context_.contains(key)) context_[key] = value;
  }
  const std::string name = own_name(row["name"].get<std::string>());
  for (const char* key : {"name", "run_name"}) row[key] = name;
  for (const char* key : {"family_index", "per_family_instance_index", "repetition_index"}) row.erase(key);
  if (const auto reason = skipped_.find(name); reason != skipped_.end()) {
    row = {{"name", name}, {"run_name", name}, {"skipped", reason->second}};
  } else if (row.contains("error_message")) {
    ++failed_;
  } else if (const auto limit = limits_.find(name); limit != limits_.end() && limit->second.nanoseconds > 0) {
    row["limit"] = limit->second.name;
    row["limit_source"] = limit->second.published ? "published" : "measured";
  }
  order_.push_back(name);
  const json& kept = rows_[name] = std::move(row);
  const auto now = std::chrono::steady_clock::now();
  if (now - saved_ > std::chrono::seconds{2}) {
    saved_ = now;
    (void)save(partial_, false);  // says so itself; the end of the run decides
  }
  return kept;
}

/// JSON with one row on each line, so that files of two runs can be read beside each other.
std::string record::text(bool complete) const {
  json context = context_;
  context["complete"] = complete;
  std::string result = "{\"context\": " + context.dump(1) + ",\n\"benchmarks\": [";
  const char* before = "\n";
  const auto add = [&](const json& row) {
    result += before;
    result += row.dump();
    before = ",\n";
  };
  for (const std::string& name : order_) add(rows_.at(name));
  if (!complete) std::for_each(aside_.begin(), aside_.end(), add);
  return result + "\n]}\n";
}

bool record::save(const std::filesystem::path& path, bool complete) const {
  if (detail::write_whole(path, text(complete))) return true;
  std::fprintf(stderr, "cmm_bench: %s could not be written; check that its folder is writable and has room\n",
               path.c_str());
  return false;
}

/// Results with rows that this run does not have are not written over.
void record::keep_previous() const {
  std::ifstream file{final_};
  if (!file) return;
  const json old = json::parse(file, nullptr, false);
  const bool readable = old.is_object() && old.contains("benchmarks") && old["benchmarks"].is_array();
  const bool replaced = readable && std::all_of(old["benchmarks"].begin(), old["benchmarks"].end(),
                                                [&](const json& row) { return has(row.value("name", "")); });
  if (replaced) return;
  const std::filesystem::path aside = final_.parent_path() / "results.previous.json";
  std::error_code failed;
  std::filesystem::remove(aside, failed);
  std::filesystem::create_hard_link(final_, aside, failed);  // the rename that follows leaves it alone
  if (failed) std::filesystem::copy_file(final_, aside, failed);
  if (!failed) std::printf("the results of before, which have other rows, are kept in %s\n", aside.c_str());
}

int record::finish() {
  keep_previous();
  const bool written = save(final_, true);
  if (written && aside_.empty()) {
    std::error_code ignored;  // a short run never wrote one
    std::filesystem::remove(partial_, ignored);
  }
  if (written) std::printf("written: %s\n", final_.c_str());
  if (!skipped_.empty()) {
    std::printf("%zu rows were skipped; each says why above\n", skipped_.size());
  }
  if (failed_ != 0) std::printf("%zu of %zu rows failed; each says why above\n", failed_, order_.size());
  return written && failed_ == 0 ? 0 : 1;
}

int record::leave(std::size_t done, std::size_t of) {
  const bool written = save(partial_, false);
  std::printf("\ninterrupted after %zu of %zu rows%s%s\n", done, of,
              written ? "; the same command goes on from " : "", written ? partial_.c_str() : "");
  return 130;
}

}  // namespace cmm::bench
