#pragma once

#include <string>

#include "mapped_pieces.hpp"

namespace cmm::detail {

inline constexpr const char* range_of_the_parent =
    "a range was used in a forked child, and its memory is the parent's; make one after the fork";
inline constexpr const char* range_not_shareable =
    "a range was to be shared that was not made for it; set .shareable when it is made";

[[noreturn, gnu::cold]] inline void refuse_wait(std::size_t wanted, std::size_t bytes) {
  throw bad_request{"a range of " + format_size(bytes) + " was waited for until " + format_size(wanted) +
                    " of it are ready; wait for no more than it has"};
}

inline void check_piece_size(std::size_t piece, std::size_t granule) {
  if (piece != 0 && piece % granule == 0) return;
  throw bad_request{"a range was to be made in pieces of " + format_size(piece) +
                    ", which is no multiple of " + format_size(granule) +
                    ", in which these memories come; round it up"};
}

template <api Api>
void need_shareable(Api& api, int device) {
  int offered = 0;
  check(api.attribute(device, attribute::shareable_memory, offered), "asking whether memory can be shared");
  if (offered == 0) {
    fail({errc::not_supported, "cuMemExportToShareableHandle"},
         "making a range that can be shared by file descriptors, which this driver does not offer; make it "
         "without .shareable");
  }
}

/// What could not be made, in which memory, and how much of it there would be.
template <api Api>
std::string why_no_piece(Api& api, const mapped_pieces<Api>& range, status failed) {
  const auto& at = range.next();
  std::size_t held = 0;
  std::size_t wanted = 0;
  for (const auto& each : range.all()) {
    if (each.where != at.where) continue;
    wanted += each.bytes;
    if (each.offset < at.offset) held += each.bytes;
  }
  std::string text = "making a range of " + format_size(range.bytes()) + ", for which " + to_text(at.where) +
                     " is to hold " + format_size(wanted) + " and holds " + format_size(held) + " so far";
  std::size_t free = 0;
  std::size_t total = 0;
  if (failed.out_of_memory() && api.memory_info(at.where, free, total).ok()) {
    constexpr std::size_t granule = std::size_t{2} << 20;
    text += "; " + format_size(free / granule * granule) + " more are free there, so at most " +
            format_size(held + free / granule * granule) + " would fit";
  }
  return text;
}

}  // namespace cmm::detail
