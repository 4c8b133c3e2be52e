#include "record.hpp"

#include <algorithm>
#include <cmm/version.hpp>
#include <cstdio>

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

/// Whether a row has a text of this name.
bool told(const json& row, const char* key) { return row.contains(key) && row[key].is_string(); }

}  // namespace

record::record(const options& wanted, const about& origin)
    : context_(context_of(wanted, origin)), files_{wanted.out, context_} {}

void record::resume(const std::vector<bench_row>& rows) {
  const std::filesystem::path partial = files_.partial();
  if (const auto usual = partial.parent_path() / "results.partial.json"; partial != usual) {
    std::printf("%s is left from a run of another kind and is not used\n", usual.c_str());
  }
  const json left = read_results(partial);
  if (left.is_null()) return;
  std::map<std::string, json> known;
  for (const json& row : left["benchmarks"]) {
    if (!row.contains("error_message") || told(row, "skipped")) known[row["name"]] = row;
  }
  for (const bench_row& row : rows) {
    const auto found = known.find(row.name);
    if (found == known.end()) continue;
    order_.push_back(row.name);
    if (told(found->second, "skipped")) skipped_[row.name] = found->second["skipped"];
    rows_[row.name] = std::move(found->second);
    known.erase(found);
  }
  for (auto& [name, row] : known) aside_.push_back(std::move(row));
  for (const auto& [key, value] : left["context"].items()) {
    if (!context_.contains(key) && key != "complete") context_[key] = value;
  }
  std::printf("going on after an interrupt: %zu of %zu rows are in %s; --fresh measures them anew\n",
              order_.size(), rows.size(), partial.c_str());
}

const json& record::add(const json& context, json row) {
  for (const auto& [key, value] : context.items()) {
    if (tells_of_the_machine(key, context_) && !context_.contains(key)) context_[key] = value;
  }
  const std::string name = own_name(row["name"].get<std::string>());
  for (const char* key : {"name", "run_name"}) row[key] = name;
  for (const char* key : {"family_index", "per_family_instance_index", "repetition_index"}) row.erase(key);
  if (const auto reason = skipped_.find(name); reason != skipped_.end()) {
    row["skipped"] = reason->second;  // besides what Google Benchmark's tools read of a row without a time
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
    (void)files_.write_partial(text(false));  // says so itself; the end of the run decides
  }
  return kept;
}

/// JSON with one row on each line, so that files of two runs can be read beside each other.
std::string record::text(bool complete) const {
  json context = context_;
  context["complete"] = complete;
  std::string result =
      "{\"context\": " + context.dump(1, ' ', false, json::error_handler_t::replace) + ",\n\"benchmarks\": [";
  const char* before = "\n";
  const auto add = [&](const json& row) {
    result += before;
    result += row.dump(-1, ' ', false, json::error_handler_t::replace);
    before = ",\n";
  };
  for (const std::string& name : order_) add(rows_.at(name));
  if (!complete) std::for_each(aside_.begin(), aside_.end(), add);
  return result + "\n]}\n";
}

int record::finish() {
  const std::filesystem::path written =
      files_.write(text(true), [&](const std::string& row) { return has(row); });
  if (!written.empty() && aside_.empty()) files_.remove_partial();
  if (!written.empty()) std::printf("written: %s\n", written.c_str());
  if (!skipped_.empty()) {
    std::printf("%zu rows were skipped; each says why above\n", skipped_.size());
  }
  if (failed_ != 0) std::printf("%zu of %zu rows failed; each says why above\n", failed_, order_.size());
  return !written.empty() && failed_ == 0 ? 0 : 1;
}

int record::leave(std::size_t done, std::size_t of) {
  const bool written = files_.write_partial(text(false));
  std::printf("\ninterrupted after %zu of %zu rows%s%s\n", done, of,
              written ? "; the same command goes on from " : "", written ? files_.partial().c_str() : "");
  return 130;
}

}  // namespace cmm::bench
