#include "file.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cmm/core/error.hpp>
#include <cmm/sim/profiles.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace cmm::bench {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* schema = "cmm-profile 1";

/// What a figure may be: less is refused because a cost would be without end, more because time would.
struct range {
  double least;
  double most;
};

range range_of(std::string_view name, std::string_view unit) {
  const auto is_one_of = [&](auto... names) { return ((name == names) || ...); };
  if (name == "capability.host_numa_id") return {-1, 1e3};
  if (name.starts_with("capability.")) return {0, 1};
  // A machine without such a link has none of its rates.
  if (name.starts_with("link.peer") || name == "link.cpu_read") return {0, 1e6};
  if (is_one_of("movers.beside", "gpu.product_share", "calls.device_pool_share")) return {1e-3, 1};
  if (name == "prefetch.blocked") return {0, 1};
  if (is_one_of("gpu.multiprocessors", "gpu.threads")) return {1, 1e6};
  if (unit == sim::unit::rate) return {1e-3, 1e6};
  if (unit == sim::unit::work) return {1e-3, 1e9};
  if (unit == sim::unit::size) return {4096, 1e18};
  if (unit == sim::unit::each_byte) return {0, 1e3};
  return unit == sim::unit::time ? range{0, 1e10} : range{0, 1e3};
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  return out.append(text).append("\"");
}

constexpr const char* plain_name = "up to 64 letters, digits, '-', '_' and '.'";

/// It stands in names of files and rows, and is printed.
bool is_plain(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
}

bool is_known(std::string_view name) {
  return std::any_of(std::begin(sim::profiles), std::end(sim::profiles),
                     [&](const sim::profile* each) { return name == each->name; });
}

/// Reads one profile; every refusal begins with where it stands.
class reader {
 public:
  reader(json text, std::string called) : text_(std::move(text)), called_{std::move(called)} {}

  machine_profile read() {
    check_schema();
    profile_draft draft{{}};
    sim::profile& made = draft.value();
    made.name = draft.keep(name());
    made.devices = whole("devices", 63);
    made.numa_nodes = whole("numa_nodes", 63);
    if (!text_.contains("unified") || !text_["unified"].is_boolean()) {
      refuse("\"unified\" is missing; write true where CPU and GPU share one memory, else false");
    }
    made.unified = text_["unified"];
    if (!text_.contains("figures") || !text_["figures"].is_array()) refuse("it has no list \"figures\"");
    std::set<std::string> left = take_figures();
    draft.fit_nothing();
    std::string missing;
    sim::each_figure(made, [&](const std::string& name, sim::figure& one, const char* unit) {
      if (left.erase(name) == 0) {
        missing += (missing.empty() ? "" : ", ") + name;
      } else {
        set(draft, one, name, unit);
      }
    });
    if (!left.empty()) refuse(quoted(*left.begin()) + " is no figure of a machine; take it out");
    if (!missing.empty()) refuse("these figures are missing: " + missing + "; every one has to be there");
    if (made.devices > 1 && made.link.peer <= 0) {
      refuse("\"link.peer\" is 0 although there are " + std::to_string(made.devices) + " devices");
    }
    return draft.finish();
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw bad_text{called_ + " is no profile: " + why};
  }

  void check_schema() const {
    constexpr const char* make_one = "; cmm_bench --calibrate-from RESULTS.json makes one";
    if (text_.is_discarded()) refuse(std::string{"it is no JSON"} + make_one);
    if (!text_.is_object()) refuse(std::string{"it is no object with a schema"} + make_one);
    if (text_.contains("benchmarks")) refuse(std::string{"it holds the results of a run"} + make_one);
    const std::string found = text_.value("schema", json{}).dump();
    if (found != json(schema).dump()) {
      refuse("its schema is " + found + "; this cmm_bench reads \"" + schema + "\"" + make_one);
    }
  }
  [[nodiscard]] std::string name() const {
    const json given = text_.value("name", json{});
    const std::string name = given.is_string() ? given.get<std::string>() : std::string{};
    if (!is_plain(name)) {
      refuse("\"name\" is " + given.dump(-1, ' ', false, json::error_handler_t::replace) + "; give " +
             plain_name);
    }
    return name;
  }
  [[nodiscard]] int whole(const char* key, int most) const {
    const json given = text_.value(key, json{});
    if (!given.is_number_integer() || given < 1 || given > most) {
      refuse(quoted(key) + " is " + given.dump(-1, ' ', false, json::error_handler_t::replace) +
             "; give a whole number from 1 to " + std::to_string(most));
    }
    return given;
  }

  /// Finds the names of all figures, each once.
  std::set<std::string> take_figures() {
    std::set<std::string> names;
    for (const json& each : text_["figures"]) {
      if (!each.is_object() || !each.contains("name") || !each["name"].is_string()) {
        refuse("a figure has no name: " + each.dump(-1, ' ', false, json::error_handler_t::replace));
      }
      const std::string name = each["name"];
      if (!names.insert(name).second) refuse(quoted(name) + " stands there twice; keep one of them");
      figures_[name] = &each;
    }
    return names;
  }

  void set(profile_draft& draft, sim::figure& one, const std::string& name, const std::string& unit) const {
    const json& given = *figures_.at(name);
    const std::string figure = quoted(name);
    const json value = given.value("value", json{});
    const json known_unit = given.value("unit", json{});
    const json source = given.value("source", json{});
    if (!known_unit.is_string()) refuse(figure + " has no unit; write \"unit\": \"" + unit + "\"");
    if (known_unit != unit) refuse(figure + " is in " + known_unit.dump() + "; give it in \"" + unit + "\"");
    if (!value.is_number()) refuse(figure + " has no number as its value");
    const auto number = value.get<double>();
    const range allowed = range_of(name, unit);
    if (number < 0 && allowed.least >= 0) refuse(figure + " is negative: " + value.dump());
    if (!(number >= allowed.least && number <= allowed.most)) {
      refuse(figure + " is " + value.dump() + "; a machine has from " + json(allowed.least).dump() + " to " +
             json(allowed.most).dump() + (unit.empty() ? "" : " ") + unit);
    }
    if (!source.is_string() || source.get<std::string>().empty()) {
      refuse(figure + " has no source; name where it comes from, or write \"assumed\"");
    }
    const json row = given.value("row", json{});
    if (row.is_null()) {
      draft.set(one, number, source);
    } else if (row.is_string()) {
      draft.fit(one, number, name, row);
    } else {
      refuse(figure + " has a row that is no text");
    }
  }

  json text_;
  std::string called_;
  std::map<std::string, const json*> figures_;
};

}  // namespace

std::string profile_text(const sim::profile& of) {
  const auto text = [](const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
  };
  std::string figures;
  sim::each_figure(of, [&](const std::string& name, const sim::figure& one, const char* unit) {
    const std::string source = std::string{one.source} + (*one.reason == 0 ? "" : ": ") + one.reason;
    const std::string_view row = sim::row_of(of, name);
    figures += (figures.empty() ? "\n" : ",\n") + ("  {\"name\": " + text(name)) +
               ", \"value\": " + text(one.value) + ", \"unit\": " + text(unit) +
               ", \"source\": " + text(source) + (row.empty() ? "" : ", \"row\": " + text(row)) + "}";
  });
  return std::string{"{\"schema\": "} + text(schema) + ",\n \"name\": " + text(of.name) +
         ",\n \"devices\": " + std::to_string(of.devices) +
         ",\n \"numa_nodes\": " + std::to_string(of.numa_nodes) +
         ",\n \"unified\": " + (of.unified ? "true" : "false") + ",\n \"figures\": [" + figures + "\n ]}\n";
}

machine_profile parse_profile(const std::string& text, const std::string& called) {
  return reader{json::parse(text, nullptr, false), called}.read();
}

void check_profile_name(const std::string& name) {
  if (!is_plain(name)) throw bad_text{"no profile can be called \"" + name + "\"; give " + plain_name};
  if (is_known(name)) {
    throw bad_text{"\"" + name + "\" is a machine that cmm knows already; give another name with --name"};
  }
}

machine_profile read_profile(const fs::path& file) {
  std::error_code failed;  // a named pipe would never end
  if (!fs::is_regular_file(file, failed)) {
    throw bad_text{"there is no file " + file.string() +
                   "; name a profile, which cmm_bench --calibrate makes"};
  }
  std::ifstream stream{file};
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  if (stream.bad() || !stream) throw bad_text{"the profile " + file.string() + " cannot be read"};
  machine_profile read = parse_profile(text, file.string());
  if (is_known(read->name)) {
    throw bad_text{file.string() + " is called \"" + read->name +
                   "\", as a machine that cmm knows already; give it another \"name\""};
  }
  return read;
}

machine_profile find_machine(std::string_view what) {
  if (what.ends_with(".json")) return read_profile(what);
  return {machine_profile{}, &sim::find_profile(what)};
}

}  // namespace cmm::bench
