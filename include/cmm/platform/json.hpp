#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>

#include "description.hpp"

namespace cmm::platform {
namespace detail {

inline std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += code;
    } else if (static_cast<unsigned char>(c) >= 0x7f) {
      out += '?';  // facts are ASCII; whatever else a file held must not spoil the JSON
    } else {
      out += c;
    }
  }
  return out + '"';
}

inline std::string json(const std::string& text) { return in_quotes(text); }
inline std::string json(bool value) { return value ? "true" : "false"; }
template <std::integral Number>
requires(!std::same_as<Number, bool>) std::string json(Number value) { return std::to_string(value); }
inline std::string json(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.6g", value);
  return std::isfinite(value) ? digits : "null";
}
inline std::string json(node_role role) { return in_quotes(to_text(role)); }

template <class T>
std::string json(const fact<T>& known) {
  return "{\"value\": " + (known ? json(*known) : std::string{"null"}) +
         ", \"how\": " + in_quotes(to_text(known.how)) + ", \"evidence\": " + in_quotes(known.evidence) + "}";
}

/// Joins members or elements, one on each line.
inline void add_line(std::string& out, const std::string& indent, const std::string& line) {
  out += (out.empty() ? "" : ",") + ("\n" + indent) + line;
}

inline std::string block(char open, const std::string& lines, const std::string& indent, char close) {
  return open + lines + (lines.empty() ? "" : "\n" + indent) + close;
}

/// All facts of a part that lists its fields.
void add_facts(std::string& out, const std::string& indent, const auto& part) {
  part.fields(part, [&](const char* name, const auto& known) {
    add_line(out, indent, in_quotes(name) + ": " + json(known));
  });
}

inline std::string list(const std::string& indent, const auto& items, auto&& write) {
  std::string lines;
  for (const auto& each : items) add_line(lines, indent + "  ", write(each));
  return block('[', lines, indent, ']');
}

}  // namespace detail

/// The description as JSON: schema "cmm-platform 1". Each fact has its value or null, how, and evidence.
inline std::string to_json(const description& known) {
  using detail::in_quotes;
  using detail::json;
  std::string facts;
  detail::add_facts(facts, "    ", known);
  std::string uvm;
  for (const auto& [name, value] : known.driver.uvm) {
    detail::add_line(uvm, "    ", in_quotes(name) + ": " + in_quotes(value));
  }
  std::string host;
  detail::add_facts(host, "    ", known.host_memory);
  detail::add_line(host, "    ",
                   "\"assumed\": " + detail::list("    ", known.host_memory.assumed, in_quotes));
  const auto gpu_json = [](const gpu& each) {
    std::string lines;
    detail::add_line(lines, "      ", "\"ordinal\": " + json(each.ordinal));
    detail::add_line(lines, "      ", "\"name\": " + in_quotes(each.name));
    detail::add_facts(lines, "      ", each);
    return detail::block('{', lines, "    ", '}');
  };
  const auto node_json = [](const node& each) {
    return "{\"id\": " + json(each.id) + ", \"cpus\": " + in_quotes(each.cpus) +
           ", \"bytes\": " + json(each.bytes) + ", \"free_bytes\": " + json(each.free_bytes) +
           ", \"cache_bytes\": " + json(each.cache_bytes) + ", \"allowed\": " + json(each.allowed) +
           ", \"gpu\": " + json(each.gpu) + ", \"role\": " + json(each.role) + "}";
  };
  const auto tier_json = [](const tier& each) {
    return "{\"name\": " + in_quotes(each.name()) +
           ", \"kind\": " + in_quotes(tier::kind_names[static_cast<int>(each.what)]) +
           ", \"gpu\": " + json(each.gpu) + ", \"node\": " + json(each.node) +
           ", \"bytes\": " + json(each.bytes) + "}";
  };
  const auto reach_json = [&](const reach& each) {
    return "{\"source\": " + in_quotes(each.source) +
           ", \"tier\": " + in_quotes(known.tiers.at(each.tier).name()) + ", \"bytes\": " + json(each.bytes) +
           (each.verified_bytes == 0 ? "" : ", \"verified_bytes\": " + json(each.verified_bytes)) + "}";
  };
  const auto sentence = [](const std::string& text) { return in_quotes(text); };
  return "{\n  \"schema\": \"cmm-platform 1\",\n  \"facts\": " + detail::block('{', facts, "  ", '}') +
         ",\n  \"uvm_parameters\": " + detail::block('{', uvm, "  ", '}') +
         ",\n  \"host_memory\": " + detail::block('{', host, "  ", '}') +
         ",\n  \"no_gpu\": " + in_quotes(known.no_gpu) +
         ",\n  \"gpus\": " + detail::list("  ", known.gpus, gpu_json) +
         ",\n  \"nodes\": " + detail::list("  ", known.nodes, node_json) +
         ",\n  \"tiers\": " + detail::list("  ", known.tiers, tier_json) +
         ",\n  \"reachable\": " + detail::list("  ", known.reachable, reach_json) +
         ",\n  \"advice\": " + detail::list("  ", known.advice, sentence) +
         ",\n  \"unseen\": " + detail::list("  ", known.unseen, sentence) + "\n}\n";
}

}  // namespace cmm::platform
