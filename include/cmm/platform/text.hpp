#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "description.hpp"
#include "modes.hpp"
#include "printable.hpp"
#include "reachable.hpp"
#include "size_text.hpp"

namespace cmm::platform {
namespace detail {

inline std::string left(const std::string& text, std::size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 1, ' ');
}
inline std::string right(const std::string& text, std::size_t width) {
  return std::string(text.size() < width ? width - text.size() : 1, ' ') + text;
}

/// Breaks a sentence into lines of at most 100 characters; the first starts with a dash.
inline std::string bullet(const std::string& sentence) {
  constexpr std::size_t most = 98;
  std::string out = "  -";
  std::size_t column = out.size();
  for (std::size_t at = 0; at < sentence.size();) {
    const std::size_t end = std::min(sentence.find(' ', at), sentence.size());
    if (column + 1 + end - at > most) {
      out += "\n   ";
      column = 3;
    }
    out += ' ' + sentence.substr(at, end - at);
    column += 1 + end - at;
    at = end + 1;
  }
  return out + "\n";
}

inline std::string bullets(const std::string& title, const std::vector<std::string>& sentences) {
  if (sentences.empty()) return "";
  std::string out = "\n" + title + "\n";
  for (const std::string& each : sentences) out += bullet(each);
  return out;
}

inline std::string value_text(std::string_view name, const auto& known) {
  using value = std::remove_cvref_t<decltype(*known)>;
  if (!known) return "?";
  if constexpr (std::is_same_v<value, bool>) {
    return *known ? "yes" : "no";
  } else if constexpr (std::is_same_v<value, double>) {
    return rate_text(*known);
  } else if constexpr (std::is_same_v<value, std::string>) {
    return *known;
  } else {
    return name.ends_with("_bytes") ? size_text(static_cast<std::uint64_t>(*known)) : std::to_string(*known);
  }
}

inline std::string headline(const gpu& each) {
  std::string out = "GPU " + std::to_string(each.ordinal) + ": " + each.name;
  if (each.memory_bytes) {
    out += ", " + size_text(*each.memory_bytes) +
           (each.shares_host_memory() ? " shared with the CPU" : " of its own memory");
  }
  if (each.memory_rate) out += ", up to " + rate_text(*each.memory_rate);
  if (each.link && !each.shares_host_memory()) {
    out += "; " + *each.link + " to the host";
    if (each.link_rate) out += ", up to " + rate_text(*each.link_rate) + " each way";
  }
  return out + "\n";
}

inline std::string system_line(const description& known) {
  std::string out =
      "Driver " + known.driver.version.value_or("?") + ", CUDA " + known.cuda_driver.value_or("?");
  if (known.memory_mode) {
    out += "; " + (*known.memory_mode == "separate" ? std::string{"GPU memory apart from host memory"}
                   : *known.memory_mode == "shared" ? std::string{"one memory for CPU and GPU"}
                                                    : *known.memory_mode + " mode");
  }
  for (const gpu& each : known.gpus) {
    if (each.ordinal == 0 && each.addressing) out += "; malloc memory on the GPU: " + *each.addressing;
  }
  if (may_be_grace(known)) out += "; EGM: " + known.egm_mode.value_or("?");
  if (known.pages.base) out += "; host pages " + size_text(*known.pages.base);
  return out + "\n";
}

inline std::string tier_table(const description& known) {
  std::size_t widest = 0;
  for (const tier& each : known.tiers) widest = std::max(widest, each.name().size());
  std::string out = "\nMemory, and how much of it each source of cmm can hand out (upper bounds)\n";
  out += "  " + left("", widest + 2) + right("size", 9) + "  " + left("known", 10);
  const auto column = [](std::string_view source) { return std::max<std::size_t>(source.size(), 8) + 2; };
  for (const char* source : source_names) out += right(source, column(source));
  out += "\n";
  const auto cell = [](const fact<std::uint64_t>& amount) {
    return !amount ? "?" : *amount == 0 ? "-" : size_text(*amount);
  };
  for (std::size_t i = 0; i < known.tiers.size(); ++i) {
    const tier& each = known.tiers[i];
    out += "  " + left(each.name(), widest + 2) + right(each.bytes ? size_text(*each.bytes) : "?", 9) + "  " +
           left(to_text(each.bytes.how), 10);
    for (const char* source : source_names) out += right(cell(known.reaches(source, i)), column(source));
    out += "\n";
  }
  if (known.gpus.empty()) return out;
  out += "  " + left("all together", widest + 2) + right("", 9) + "  " + left("", 10);
  for (const char* source : source_names) out += right(size_text(known.reaches(source)), column(source));
  return out + "\n";
}

inline std::string host_memory_line(const usable_memory& now) {
  if (!now.usable) return "\nHost memory that this process may use now: ? (" + now.usable.evidence + ")\n";
  std::string out = "\nHost memory that this process may use now: " + size_text(*now.usable) + "\n  ";
  out +=
      now.available ? size_text(*now.available) + " available to the system" : "available to the system: ?";
  if (now.limit) {
    out += "; limit of its control group " + size_text(*now.limit) + ", used " +
           (now.used ? size_text(*now.used) : "?") + ", left " + size_text(now.left.value_or(0));
  }
  return out + "\n";
}

/// Why a source does not reach a tier, or why that is not known; and what was verified.
inline std::vector<std::string> reasons(const description& known) {
  std::vector<std::string> out;
  for (const reach& each : known.reachable) {
    const bool none = !each.bytes || *each.bytes == 0;
    if (known.gpus.empty() || (!none && each.verified_bytes == 0)) continue;
    const tier& where = known.tiers.at(each.tier);
    if (where.what == tier::kind::carve_out && each.source != source_names.front()) continue;
    const std::string who = where.what == tier::kind::carve_out ? "no source reaches "
                            : each.verified_bytes != 0          ? each.source + " reaches "
                            : !each.bytes                       ? each.source + " may reach "
                                                                : each.source + " does not reach ";
    const char* const how = each.bytes.how == certainty::verified ? ", verified: " : ": ";
    out.push_back(who + where.name() + how + each.bytes.evidence);
  }
  return out;
}

inline void add_fact_lines(std::string& out, const std::string& prefix, const auto& part) {
  part.fields(part, [&](const char* name, const auto& known) {
    if (!known && known.evidence.empty()) return;
    out += "  " + left(prefix + name, 34) + left(value_text(name, known), 16) + left(to_text(known.how), 10) +
           known.evidence + "\n";
  });
}

}  // namespace detail

/// The description for people: what there is, what reaches what, what that means, and how each fact is known.
inline std::string to_text(const description& told) {
  const description known = detail::printable(told);
  std::string out;
  for (const gpu& each : known.gpus) out += detail::headline(each);
  if (known.gpus.empty()) out += "No GPU answered: " + known.no_gpu + "\n";
  out += detail::system_line(known);
  if (!known.tiers.empty()) out += detail::tier_table(known);
  out += detail::host_memory_line(known.host_memory);
  out += detail::bullets("What that means", known.advice);
  out += detail::bullets("Source by source", detail::reasons(known));
  out += detail::bullets("What could not be seen", known.unseen);
  out += "\nHow each fact is known\n";
  detail::add_fact_lines(out, "", known);
  detail::add_fact_lines(out, "host memory ", known.host_memory);
  for (const node& each : known.nodes) {
    if (each.bytes == 0) continue;
    out += "  " + detail::left("node " + std::to_string(each.id), 34) +
           detail::left(size_text(each.bytes), 16) + detail::left(to_text(each.role.how), 10) +
           (each.role ? std::string{to_text(*each.role)} + ": " : "") + each.role.evidence + "\n";
  }
  for (const gpu& each : known.gpus) {
    detail::add_fact_lines(out, "GPU " + std::to_string(each.ordinal) + " ", each);
  }
  return out;
}

}  // namespace cmm::platform
