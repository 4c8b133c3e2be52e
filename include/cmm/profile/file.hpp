#pragma once

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "../core/printable.hpp"
#include "../sim/profiles.hpp"
#include "draft.hpp"
#include "json.hpp"

namespace cmm::sim {

/// The first line of a profile says that it is one.
inline constexpr const char* profile_schema = "cmm-profile 1";

namespace detail {

using cmm::detail::json;

/// What a figure may be: less is refused because a cost would be without end, more because time would.
struct bounds {
  double least;
  double most;
};

inline bounds bounds_of(std::string_view name, std::string_view of) {
  const auto is_one_of = [&](auto... names) { return ((name == names) || ...); };
  if (name == "capability.host_numa_id") return {-1, 1e3};
  if (name.starts_with("capability.")) return {0, 1};
  // A machine without such a link has none of its rates.
  if (name.starts_with("link.peer") || name == "link.cpu_read") return {0, 1e6};
  if (is_one_of("movers.beside", "gpu.product_share", "calls.device_pool_share")) return {1e-3, 1};
  if (name == "prefetch.blocked") return {0, 1};
  if (is_one_of("gpu.multiprocessors", "gpu.threads")) return {1, 1e6};
  if (of == unit::rate) return {1e-3, 1e6};
  if (of == unit::work) return {1e-3, 1e9};
  if (of == unit::size) return {4096, 1e18};
  if (of == unit::each_byte) return {0, 1e3};
  return of == unit::time ? bounds{0, 1e10} : bounds{0, 1e3};
}

inline std::string in_quotes(std::string_view text) { return '"' + std::string{text} + '"'; }

/// A number as people write it.
inline std::string shown(double value) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

/// Reads one profile; every refusal begins with where it stands.
class profile_reader {
 public:
  explicit profile_reader(std::string called) : called_{std::move(called)} {}

  machine_profile read(std::string_view text) {
    const json given = parsed(text);
    check_schema(given);
    has_only(given, {"schema", "name", "devices", "numa_nodes", "unified", "figures"}, "the profile");
    sim::profile& made = draft_.value();
    made.name = draft_.keep(name(given["name"]));
    made.devices = whole(given, "devices");
    made.numa_nodes = whole(given, "numa_nodes");
    if (!given["unified"].is(json::kind::boolean)) {
      refuse("\"unified\" is missing; write true where CPU and GPU share one memory, else false");
    }
    made.unified = given["unified"].number != 0;
    set_figures(made, given["figures"]);
    if (made.devices > 1 && made.link.peer <= 0) {
      refuse("\"link.peer\" is 0 although there are " + std::to_string(made.devices) + " devices");
    }
    return draft_.finish();
  }

 private:
  static constexpr const char* make_one = "; cmm_bench --calibrate-from RESULTS.json makes one";

  [[noreturn]] void refuse(const std::string& why) const {
    throw bad_text{called_ + " is no profile: " + why};
  }

  [[nodiscard]] json parsed(std::string_view text) const {
    try {
      return cmm::detail::json_reader{text}.whole();
    } catch (const bad_text& wrong) {
      refuse(std::string{"it is no JSON, "} + wrong.what() + make_one);
    }
  }
  void check_schema(const json& given) const {
    if (!given.is(json::kind::object)) refuse(std::string{"it is no object with a schema"} + make_one);
    if (given.find("benchmarks") != nullptr) refuse(std::string{"it holds the results of a run"} + make_one);
    const json& schema = given["schema"];
    if (schema.text == profile_schema) return;
    refuse("its schema is " + std::string{schema.written} + "; this cmm reads " + in_quotes(profile_schema) +
           make_one);
  }
  void has_only(const json& given, std::initializer_list<std::string_view> known,
                const std::string& called) const {
    for (const auto& [key, value] : given.members) {
      if (std::find(known.begin(), known.end(), key) == known.end())
        refuse(called + " has " + in_quotes(key) + ", which means nothing; take it out");
    }
  }
  [[nodiscard]] std::string name(const json& given) const {
    if (is_plain_name(given.text)) return given.text;
    refuse("\"name\" is " + std::string{given.written} + "; give " + plain_name);
  }
  [[nodiscard]] int whole(const json& given, const char* key) const {
    const json& value = given[key];
    const int number = value.number >= 1 && value.number <= 63 ? static_cast<int>(value.number) : 0;
    if (value.is(json::kind::number) && number > 0 && number == value.number) return number;
    refuse(in_quotes(key) + " is " + std::string{value.written} + "; give a whole number from 1 to 63");
  }

  void set_figures(sim::profile& made, const json& list) {
    if (!list.is(json::kind::list)) refuse("it has no list \"figures\"");
    std::map<std::string, const json*> left;
    for (const auto& [none, each] : list.members) {
      if (!each["name"].is(json::kind::text)) refuse("a figure has no name: " + std::string{each.written});
      const std::string& name = each["name"].text;
      if (!left.emplace(name, &each).second)
        refuse(in_quotes(name) + " stands there twice; keep one of them");
    }
    std::string missing;
    each_figure(made, [&](const std::string& name, figure& one, const char* unit) {
      const auto found = left.find(name);
      if (found == left.end()) {
        missing += (missing.empty() ? "" : ", ") + name;
      } else {
        set(one, name, unit, *found->second);
        left.erase(found);
      }
    });
    if (!left.empty()) refuse(in_quotes(left.begin()->first) + " is no figure of a machine; take it out");
    if (!missing.empty()) refuse("these figures are missing: " + missing + "; every one has to be there");
  }

  void set(figure& one, const std::string& name, const std::string& unit, const json& given) {
    const std::string figure = in_quotes(name);
    has_only(given, {"name", "value", "unit", "source", "row"}, figure);
    if (!given["unit"].is(json::kind::text))
      refuse(figure + " has no unit; write \"unit\": " + in_quotes(unit));
    if (given["unit"].text != unit)
      refuse(figure + " is in " + std::string{given["unit"].written} + "; give it in " + in_quotes(unit));
    const json& value = given["value"];
    if (!value.is(json::kind::number)) refuse(figure + " has no number as its value");
    const bounds allowed = bounds_of(name, unit);
    if (value.number < 0 && allowed.least >= 0)
      refuse(figure + " is negative: " + std::string{value.written});
    if (value.number < allowed.least || value.number > allowed.most) {
      refuse(figure + " is " + std::string{value.written} + "; a machine has from " + shown(allowed.least) +
             " to " + shown(allowed.most) + (unit.empty() ? "" : " ") + unit);
    }
    const std::string& source = given["source"].text;
    if (source.empty()) refuse(figure + " has no source; name where it comes from, or write \"assumed\"");
    const json& row = given["row"];
    if (cmm::detail::printable(source) != source || cmm::detail::printable(row.text) != row.text)
      refuse(figure + " has a text that cannot be shown in one line");
    if (row.is(json::kind::text)) {
      draft_.fit(one, value.number, name, row.text);
    } else if (row.is(json::kind::none)) {
      draft_.set(one, value.number, source);
    } else {
      refuse(figure + " has a row that is no text");
    }
  }

  std::string called_;
  profile_draft draft_{{}};
};

}  // namespace detail

/// The profile in a text of JSON, one figure in each object of its list; `called` names the text in messages.
/// Throws `bad_text` that says what is missing, negative, unknown, without its unit or outside of what a
/// machine can have.
inline machine_profile parse_profile(std::string_view text, const std::string& called) {
  return detail::profile_reader{called}.read(text);
}

/// The profile in a file, which cannot have the name of a built-in one. Throws `bad_text`.
inline machine_profile read_profile(const std::filesystem::path& file) {
  std::error_code failed;  // a named pipe would never end
  if (!std::filesystem::is_regular_file(file, failed)) {
    throw bad_text{"there is no file " + file.string() +
                   "; name a profile, which cmm_bench --calibrate makes"};
  }
  std::ifstream stream{file};
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  if (stream.bad() || !stream) throw bad_text{"the profile " + file.string() + " cannot be read"};
  machine_profile read = parse_profile(text, file.string());
  if (is_built_in(read->name)) {
    throw bad_text{file.string() + " is called \"" + read->name +
                   "\", as a machine that cmm knows already; give it another \"name\""};
  }
  return read;
}

/// The machine that `sim:WHAT` means, for whoever takes one: a built-in profile by its name, or a file that
/// ends in .json. Throws `bad_text`.
inline machine_profile find_machine(std::string_view what) {
  if (what.ends_with(".json")) return read_profile(what);
  return {machine_profile{}, &find_profile(what)};
}

}  // namespace cmm::sim
