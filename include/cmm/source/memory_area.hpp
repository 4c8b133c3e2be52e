#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "../core/error.hpp"
#include "../core/fields.hpp"
#include "../core/resolve.hpp"
#include "../core/size_text.hpp"

namespace cmm {

/// Bytes of an address range that lie in one memory: a GPU, a host NUMA node, or the host as a whole.
struct memory_area {
  std::size_t offset = 0;
  std::size_t bytes = 0;
  location where{};
  std::size_t alias_of = own_memory;  ///< offset of the area before it, as large, whose memory it shows too

  static constexpr std::size_t own_memory = no_limit;  ///< an area that shows no other

  friend constexpr bool operator==(const memory_area&, const memory_area&) noexcept = default;
};

namespace detail {

[[noreturn, gnu::cold]] inline void refuse_area(const memory_area& area, const std::string& why) {
  throw bad_request{"the area of " + size_in_full(area.bytes) + " at " + size_in_full(area.offset) + " in " +
                    to_text(area.where) + why};
}

inline void check_granularity(status asked, location of) {
  if (!asked.ok()) throw cuda_error{asked, "asking for the granularity of memory of " + to_text(of)};
}

/// As `resolve`, for memory that is made in one place: where the node nearest to a device is not known, as in
/// many virtual machines, it is the only one there is.
template <api Api>
location resolve_memory(Api& api, location where, int device) {
  const location found = resolve(api, where, device);
  const bool one_node = found == location::host() && has_place(api, location::host_numa(0)) &&
                        !has_place(api, location::host_numa(1));
  return one_node ? location::host_numa(0) : found;
}

/// The bytes in which both ends of all areas must come: the largest granularity of their memories. Relative
/// locations are resolved for the device.
template <api Api>
std::size_t resolve_areas(Api& api, std::vector<memory_area>& areas, int device) {
  std::size_t granule = 1;
  location last{};
  for (memory_area& each : areas) {
    if (each.where == location::none()) {
      refuse_area(each, " is in no memory; name a GPU, a NUMA node or the host");
    }
    each.where = resolve_memory(api, each.where, device);
    if (each.where == last) continue;
    last = each.where;
    std::size_t wanted = 0;
    check_granularity(api.granularity(each.where, wanted), each.where);
    granule = wanted > granule ? wanted : granule;
  }
  return granule;
}

/// The place in the list of the area whose memory this one shows. Throws `bad_request` where there is none.
inline std::size_t shown_by(const std::vector<memory_area>& areas, const memory_area& alias) {
  std::size_t at = 0;
  while (areas[at].offset < alias.alias_of && areas[at].offset < alias.offset) ++at;
  const memory_area& of = areas[at];
  if (of.offset != alias.alias_of || of.offset >= alias.offset || of.alias_of != memory_area::own_memory ||
      of.bytes != alias.bytes || of.where != alias.where) {
    refuse_area(alias, " is to show the memory of one at " + size_in_full(alias.alias_of) +
                           "; name an area before it that is as large, in the same place, and has its own");
  }
  return at;
}

/// Throws `bad_request` unless the areas follow each other from 0 on in whole granules; answers their sum.
inline std::size_t checked_areas(const std::vector<memory_area>& areas, std::size_t granule) {
  std::size_t end = 0;
  for (const memory_area& each : areas) {
    if (each.bytes == 0 || each.bytes % granule != 0) {
      refuse_area(each, " is no multiple of " + size_in_full(granule) +
                            ", in which these memories come; round it up");
    }
    if (each.offset != end) {
      refuse_area(each, " does not begin at " + size_in_full(end) +
                            ", where the one before ends; list the areas in order and without gaps");
    }
    if (each.bytes > no_limit / 2 - end) refuse_area(each, " goes beyond the address space");
    if (each.alias_of != memory_area::own_memory) static_cast<void>(shown_by(areas, each));
    end += each.bytes;
  }
  if (end == 0) throw bad_request{"a range of no areas was asked for; list at least one"};
  return end;
}

}  // namespace detail
}  // namespace cmm
