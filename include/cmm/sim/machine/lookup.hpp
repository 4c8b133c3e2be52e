#pragma once

#include "../../core/requirements.hpp"

namespace cmm::sim {

/// What a map holds under a key, or null.
template <class Map, class Key>
auto* look_up(Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace cmm::sim
