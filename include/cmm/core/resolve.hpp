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

/// Whether this machine has the place: a GPU of this ordinal, a NUMA node that shows its memory, the host.
template <api Api>
[[gnu::cold, gnu::noinline]] bool has_place(Api& api, location where) {
  int devices = 0;
  std::size_t free = 0;
  std::size_t total = 0;
  switch (where.what) {
    case location::kind::none: return false;
    case location::kind::host: return true;
    case location::kind::device:
      return where.id >= 0 && (!api.device_count(devices).ok() || where.id < devices);
    case location::kind::host_numa: return where.id >= 0 && api.memory_info(where, free, total).ok();
  }
  return false;
}

inline constexpr const char* absent = "which this machine does not have";
inline constexpr const char* incapable = "on a device that has no concurrent managed access";

/// Why a hint of this place cannot be taken for blocks of the device, or null where it could be.
template <api Api>
[[gnu::cold, gnu::noinline]] const char* unable(Api& api, location where, int device) {
  if (!has_place(api, where)) return absent;
  const auto cannot = [&](int each) {
    int capable = 1;
    return api.attribute(each, attribute::concurrent_managed_access, capable).ok() && capable == 0;
  };
  const bool other = where.what == location::kind::device && where.id != device;
  return cannot(device) || (other && cannot(where.id)) ? incapable : nullptr;
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
