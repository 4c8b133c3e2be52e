#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "../core/printable.hpp"
#include "description.hpp"

namespace cmm::platform::detail {

inline void make_printable(std::string& text) { text = cmm::detail::printable(text); }
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

/// The description with every text of it printable: a recorded folder comes from strangers.
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

}  // namespace cmm::platform::detail
