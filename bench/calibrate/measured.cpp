#include "measured.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cmm/core/error.hpp>

#include "../record/run_files.hpp"

namespace cmm::bench {
namespace {

using nlohmann::json;

json member(const json& of, const char* name) { return of.is_object() ? of.value(name, json{}) : json{}; }

std::optional<double> positive(const json& of) {
  if (!of.is_number() || !(of.get<double>() > 0) || !std::isfinite(of.get<double>())) return {};
  return of.get<double>();
}

bool begins(const json& text, std::string_view with) {
  return text.is_string() && text.get<std::string>().starts_with(with);
}

}  // namespace

measured_runs::measured_runs(const std::vector<std::filesystem::path>& files) {
  for (const std::filesystem::path& file : files) {
    const json read = read_results(file);
    const std::string refused = file.string() + " cannot make a profile: ";
    std::error_code failed;
    if (!std::filesystem::is_regular_file(file, failed)) {
      throw bad_text{refused + "there is no such file; name a results.json of cmm_bench"};
    }
    if (read.is_null()) throw bad_text{refused + "it holds no results of cmm_bench"};
    const json& context = read["context"];
    if (const json schema = member(context, "schema"); schema != "cmm-bench 2") {
      throw bad_text{refused + "its schema is " +
                     schema.dump(-1, ' ', false, json::error_handler_t::replace) +
                     "; this cmm_bench reads \"cmm-bench 2\""};
    }
    if (context_.is_null()) context_ = context;
    if (member(member(context, "machine"), "gpu") != member(member(context_, "machine"), "gpu")) {
      throw bad_text{refused + "it is of another machine than " + called_};
    }
    called_ += (called_.empty() ? "" : ", ") + file.string();
    for (const json& row : read["benchmarks"]) rows_.emplace(row["name"], row);
  }
}

std::optional<double> measured_runs::row(const std::string& name) const {
  std::optional<double> least;
  const auto [begin, end] = rows_.equal_range(name);
  for (auto each = begin; each != end; ++each) {
    const auto median = positive(member(each->second, "p50_ns"));
    if (median && (!least || *median < *least)) least = median;
  }
  return least;
}

bool measured_runs::skips(const std::string& name) const {
  const auto [begin, end] = rows_.equal_range(name);
  return std::any_of(begin, end, [](const auto& each) { return each.second.contains("skipped"); });
}

std::optional<double> measured_runs::rate(std::string_view limit, std::string_view of) const {
  std::optional<double> best;
  for (const auto& [name, row] : rows_) {
    // A row that beat its limit states its own time instead.
    if (!begins(member(row, "limit"), limit) || row.contains("limit_beaten")) continue;
    if (name.find(of) == name.npos) continue;
    const auto time = positive(member(row, "limit_ns"));
    const auto work = positive(member(row, row.contains("flops") ? "flops" : "bytes"));
    if (time && work && (!best || *work / *time > *best)) best = *work / *time;
  }
  return best;
}

std::optional<double> measured_runs::time(std::string_view limit) const {
  std::optional<double> best;
  for (const auto& [name, row] : rows_) {
    if (!begins(member(row, "limit"), limit) || row.contains("limit_beaten")) continue;
    const auto time = positive(member(row, "limit_ns"));
    if (time && (!best || *time < *best)) best = time;
  }
  return best;
}

std::string measured_runs::fact(const char* name) const {
  const json found = member(member(context_, "machine"), name);
  return found.is_string() ? found.get<std::string>() : std::string{};
}

std::optional<double> measured_runs::number(const char* name) const {
  const std::string text = fact(name);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

std::optional<double> measured_runs::host(const char* name) const {
  return positive(member(member(member(member(context_, "platform"), "facts"), name), "value"));
}

std::optional<double> measured_runs::gpu(const char* name) const {
  const json gpus = member(member(context_, "platform"), "gpus");
  return gpus.is_array() && !gpus.empty() ? positive(member(member(gpus[0], name), "value")) : std::nullopt;
}

int measured_runs::numa_nodes() const {
  const json nodes = member(member(context_, "platform"), "nodes");
  if (!nodes.is_array()) return 1;
  const auto of_cpus = std::count_if(nodes.begin(), nodes.end(), [](const json& node) {
    const json cpus = member(node, "cpus");
    return cpus.is_string() && !cpus.get<std::string>().empty();
  });
  return std::clamp(static_cast<int>(of_cpus), 1, 63);
}

}  // namespace cmm::bench
