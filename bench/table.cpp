#include "table.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "format.hpp"

namespace cmm::bench {
namespace {

constexpr const char* reference = "driver_managed_pool";

/// "allocate/allocator:egm/bytes:4KiB" as {"": "allocate", "allocator": "egm", "bytes": "4KiB"}.
std::map<std::string, std::string> axes_of(const std::string& name) {
  std::map<std::string, std::string> axes;
  std::istringstream parts{name};
  for (std::string part; std::getline(parts, part, '/');) {
    const auto colon = part.find(':');
    if (colon == std::string::npos) {
      axes[""] = part;
    } else {
      axes[part.substr(0, colon)] = part.substr(colon + 1);
    }
  }
  return axes;
}

/// Allocators down, one column for each value of an axis; each cell is a time and its ratio to the reference.
void print_matrix(std::ostream& out, const nlohmann::json& rows, const std::string& family,
                  const std::string& axis) {
  std::vector<std::string> allocators;
  std::vector<std::string> columns;
  std::map<std::pair<std::string, std::string>, double> times;
  const auto once = [](std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const auto& row : rows) {
    auto axes = axes_of(row["name"]);
    if (axes[""] != family || !row.contains("p50_ns")) continue;
    once(allocators, axes["allocator"]);
    once(columns, axes[axis]);
    times[{axes["allocator"], axes[axis]}] = row["p50_ns"];
  }
  if (allocators.empty()) return;
  out << "\n## " << family << ": time of one call" << (family == "allocate" ? " pair" : "")
      << ", and its ratio to the driver's managed pool\n\n| allocator |";
  for (const auto& column : columns) out << ' ' << column << " |";
  out << "\n|---|";
  for (std::size_t i = 0; i < columns.size(); ++i) out << "---:|";
  for (const auto& allocator : allocators) {
    out << "\n| " << allocator << " |";
    for (const auto& column : columns) {
      const auto time = times.find({allocator, column});
      const auto against = times.find({reference, column});
      out << ' ' << (time == times.end() ? "-" : format_time(time->second));
      if (time != times.end() && against != times.end()) {
        out << " (" << format_ratio(time->second / against->second) << ")";
      }
      out << " |";
    }
  }
  out << '\n';
}

void print_list(std::ostream& out, const nlohmann::json& rows, const std::string& family) {
  bool begun = false;
  for (const auto& row : rows) {
    const std::string name = row["name"];
    if (axes_of(name)[""] != family || !row.contains("p50_ns")) continue;
    if (!begun) {
      out << "\n## " << family
          << "\n\n| case | p50 | p99 | rate | each page | of its limit | against one prefetch call "
             "|\n|---|---:|---:|---:|---:|---:|---:|";
    }
    begun = true;
    const auto cell = [&](const char* key, auto&& format) {
      return row.contains(key) ? format(row[key].template get<double>()) : std::string{"-"};
    };
    out << "\n| " << name.substr(family.size() + 1) << " | " << cell("p50_ns", format_time) << " | "
        << cell("p99_ns", format_time) << " | " << cell("bytes_per_second", format_rate) << " | "
        << cell("ns_per_page", format_time) << " | " << cell("limit_ratio", format_share) << " | "
        << cell("speedup", format_ratio) << " |";
  }
  if (begun) out << '\n';
}

}  // namespace

std::string table_of(const nlohmann::json& result) {
  std::ostringstream out;
  const auto& machine = result["context"]["machine"];
  const bool simulated = machine.value("simulated", "") != "false";
  out << "# cmm bench on " << machine.value("gpu", machine.value("platform", "an unnamed machine")) << "\n";
  if (simulated) {
    out << "\n**Simulated** (" << machine.value("platform", "")
        << "): every figure is predicted, none was measured.\n";
  }
  print_matrix(out, result["benchmarks"], "allocate", "bytes");
  print_list(out, result["benchmarks"], "page_fault");
  print_matrix(out, result["benchmarks"], "replay", "trace");
  for (const auto& row : result["benchmarks"]) {
    if (row.value("error_occurred", false)) {
      out << "\nFailed: " << row["name"].get<std::string>() << ": " << row.value("error_message", "") << '\n';
    }
  }
  return out.str();
}

}  // namespace cmm::bench
