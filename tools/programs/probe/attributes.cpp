#include "attributes.hpp"

#include <cmm/core/error.hpp>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

namespace cmm::probe {
namespace {

using nlohmann::json;

/// One object of the file, which names the file and the member in every complaint.
class reader {
 public:
  reader(const json& object, std::string place) : object_{object}, place_{std::move(place)} {
    if (!object_.is_object()) throw bad_text{place_ + " must be an object, and is " + object_.type_name()};
  }

  [[nodiscard]] reader object(const char* key) const { return {member(key), place_ + ": " + key}; }
  [[nodiscard]] std::string text(const char* key) const {
    const json& value = member(key);
    if (!value.is_string()) wrong(key, "text", value);
    return value.get<std::string>();
  }
  [[nodiscard]] bool has(const char* key) const { return object_.contains(key); }
  /// What is not told may be null or left out.
  [[nodiscard]] std::optional<std::int64_t> number(const char* key) const {
    if (!has(key)) return std::nullopt;
    const json& value = member(key);
    if (value.is_null()) return std::nullopt;
    if (!value.is_number_integer()) wrong(key, "a whole number or null", value);
    return value.get<std::int64_t>();
  }
  [[nodiscard]] const json& array(const char* key) const {
    const json& value = member(key);
    if (!value.is_array()) wrong(key, "a list", value);
    return value;
  }
  [[nodiscard]] platform::named_numbers numbers() const {
    platform::named_numbers all;
    for (const auto& [key, value] : object_.items()) {
      if (!value.is_number_integer()) wrong(key, "a whole number", value);
      all[key] = value.get<std::int64_t>();
    }
    return all;
  }
  [[nodiscard]] std::map<std::string, std::string> texts() const {
    std::map<std::string, std::string> all;
    for (const auto& [key, value] : object_.items()) {
      if (!value.is_string()) wrong(key, "text", value);
      all[key] = value.get<std::string>();
    }
    return all;
  }

 private:
  [[nodiscard]] const json& member(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end()) {
      throw bad_text{place_ + " lacks \"" + key + "\"; record the machine again with tools/probe --record"};
    }
    return *found;
  }
  [[noreturn]] void wrong(const std::string& key, const char* expected, const json& value) const {
    throw bad_text{place_ + ": \"" + key + "\" must be " + expected + ", and is " + value.type_name()};
  }

  const json& object_;
  std::string place_;
};

json null_or(const std::optional<std::int64_t>& value) { return value ? json(*value) : json(nullptr); }

}  // namespace

attributes parse_attributes(const std::string& text, const std::string& name) {
  json document;
  try {
    document = json::parse(text);
  } catch (const json::exception&) {
    throw bad_text{name +
                   " is no JSON, or was cut short; record the machine again with tools/probe --record"};
  }
  const reader top{document, name};
  if (const std::string schema = top.text("schema"); schema != attributes_schema) {
    throw bad_text{name + " has the schema \"" + schema + "\", and this program reads \"" +
                   attributes_schema + "\"; use the tools/probe that recorded it"};
  }
  attributes known;
  platform::answers& given = known.given;
  const reader cuda = top.object("cuda");
  given.no_cuda = cuda.text("missing");
  given.cuda_driver = cuda.number("driver");
  given.cuda_runtime = cuda.number("runtime");
  const reader nvml = top.object("nvml");
  given.no_nvml = nvml.text("missing");
  given.driver = nvml.text("driver");
  const reader host = top.object("host");
  given.page_bytes = host.number("page_bytes");
  given.architecture = host.text("architecture");
  for (const json& each : top.array("gpus")) {
    const reader gpu{each, name + ": gpus[" + std::to_string(given.gpus.size()) + "]"};
    given.gpus.push_back(
        {gpu.text("name"), gpu.text("bus"), gpu.object("cuda").numbers(), gpu.object("nvml").numbers()});
  }
  known.has_environment = top.has("environment");
  if (known.has_environment) given.environment = top.object("environment").texts();
  known.unreadable = top.object("unreadable").texts();
  return known;
}

std::string to_json(const attributes& known) {
  const platform::answers& given = known.given;
  json gpus = json::array();
  for (const platform::gpu_answers& each : given.gpus) {
    gpus.push_back(
        {{"name", each.name}, {"bus", each.bus}, {"cuda", json(each.cuda)}, {"nvml", json(each.nvml)}});
  }
  const nlohmann::ordered_json document{
      {"schema", attributes_schema},
      {"host", {{"page_bytes", null_or(given.page_bytes)}, {"architecture", given.architecture}}},
      {"cuda",
       {{"driver", null_or(given.cuda_driver)},
        {"runtime", null_or(given.cuda_runtime)},
        {"missing", given.no_cuda}}},
      {"nvml", {{"driver", given.driver}, {"missing", given.no_nvml}}},
      {"gpus", gpus},
      {"environment", json(given.environment)},
      {"unreadable", json(known.unreadable)}};
  return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace cmm::probe
