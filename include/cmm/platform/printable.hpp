#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "description.hpp"

namespace cmm::platform {

/// The text on one line and without what steers a terminal: a recorded folder comes from strangers.
inline std::string printable(std::string text) {
  for (char& each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte < 0x20 || byte >= 0x7f) each = '?';
  }
  return text;
}

namespace detail {

inline void make_printable(std::string& text) { text = platform::printable(std::move(text)); }
inline void make_printable(std::vector<std::string>& sentences) {
  for (std::string& each : sentences) make_printable(each);
}
inline void make_facts_printable(auto& part) {
  part.fields(part, [](const char*, auto& known) {
    make_printable(known.evidence);
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(*known)>, std::string>) {
      if (known) make_printable(*known.value);
    }
  });
}

/// The description with every text of it printable.
inline description printable(description known) {
  make_facts_printable(known);
  make_facts_printable(known.host_memory);
  for (gpu& each : known.gpus) {
    make_printable(each.name);
    make_facts_printable(each);
  }
  for (node& each : known.nodes) make_printable(each.role.evidence);
  for (tier& each : known.tiers) make_printable(each.bytes.evidence);
  for (reach& each : known.reachable) make_printable(each.bytes.evidence);
  make_printable(known.no_gpu);
  make_printable(known.advice);
  make_printable(known.unseen);
  return known;
}

}  // namespace detail
}  // namespace cmm::platform
