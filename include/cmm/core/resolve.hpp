#pragma once

#include "api.hpp"

namespace cmm {

namespace detail {

template <api Api>
[[gnu::cold, gnu::noinline]] location nearest_numa_of(Api& api, int device) {
  int node = -1;
  const status asked = api.attribute(device, attribute::host_numa_id, node);
  return asked.ok() && node >= 0 ? location::host_numa(node) : location::host();
}

}  // namespace detail

/// What a relative location means for a device; the host as a whole where its NUMA node is not known.
template <api Api>
[[gnu::always_inline]] inline location resolve(Api& api, location where, int device) {
  if (where == location::device()) [[likely]]
    return location::device(device);
  if (!where.is_relative()) [[likely]]
    return where;
  return detail::nearest_numa_of(api, device);
}

}  // namespace cmm
