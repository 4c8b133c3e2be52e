#pragma once

#include "api.hpp"

namespace cmm {

/// What a relative location means for a device; the host as a whole where its NUMA node is not known.
template <api Api>
location resolve(Api& api, location where, int device) {
  if (!where.is_relative()) return where;
  if (where.what == location::kind::device) return location::device(device);
  int node = -1;
  const status asked = api.attribute(device, attribute::host_numa_id, node);
  return asked.ok() && node >= 0 ? location::host_numa(node) : location::host();
}

}  // namespace cmm
