#include "file.hpp"

#include <cmm/core/error.hpp>
#include <nlohmann/json.hpp>

namespace cmm::bench {

std::string profile_text(const sim::profile& of) {
  const auto text = [](const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  std::string figures;
  sim::each_figure(of, [&](const std::string& name, const sim::figure& one, const char* unit) {
    const std::string source = std::string{one.source} + (*one.reason == 0 ? "" : ": ") + one.reason;
    const std::string_view row = sim::row_of(of, name);
    figures += (figures.empty() ? "\n" : ",\n") + ("  {\"name\": " + text(name)) +
               ", \"value\": " + text(one.value) + ", \"unit\": " + text(unit) +
               ", \"source\": " + text(source) + (row.empty() ? "" : ", \"row\": " + text(row)) + "}";
  });
  return std::string{"{\"schema\": "} + text(sim::profile_schema) + ",\n \"name\": " + text(of.name) +
         ",\n \"devices\": " + std::to_string(of.devices) +
         ",\n \"numa_nodes\": " + std::to_string(of.numa_nodes) +
         ",\n \"unified\": " + (of.unified ? "true" : "false") + ",\n \"figures\": [" + figures + "\n ]}\n";
}

void check_profile_name(const std::string& name) {
  if (!sim::is_plain_name(name)) {
    throw bad_text{"no profile can be called \"" + name + "\"; give " + sim::plain_name};
  }
  if (sim::is_built_in(name)) {
    throw bad_text{"\"" + name + "\" is a machine that cmm knows already; give another name with --name"};
  }
}

}  // namespace cmm::bench
