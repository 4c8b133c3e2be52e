#pragma once

#include <string>

#include "mapped_pieces.hpp"

namespace cmm {

/// A memory ran out while a range was made in it.
class range_full : public cuda_error {
 public:
  range_full(status failed, const std::string& doing, location where, std::size_t fits,
             code_location at = code_location::current())
      : cuda_error{failed, doing, at}, doing_{doing}, where_{where}, fits_{fits} {}

  /// What was being done, without the call that failed.
  [[nodiscard]] const std::string& doing() const noexcept { return doing_; }
  /// The memory that was full.
  [[nodiscard]] location where() const noexcept { return where_; }
  /// The most bytes of the range that it would have held, as far as that is known.
  [[nodiscard]] std::size_t fits() const noexcept { return fits_; }

 private:
  std::string doing_;
  location where_;
  std::size_t fits_;
};

}  // namespace cmm

namespace cmm::detail {

inline constexpr const char* range_of_the_parent =
    "a range was used in a forked child, and its memory is the parent's; make one after the fork";
inline constexpr const char* range_not_shareable =
    "a range was to be shared that was not made for it; set .shareable when it is made";

inline constexpr const char* stock_not_shareable =
    "a range was to be shared and to take from a stock of memory, whose handles cannot be; choose one of "
    "them";

[[noreturn, gnu::cold]] inline void refuse_wait(std::size_t wanted, std::size_t bytes) {
  throw bad_request{"a range of " + size_in_full(bytes) + " was waited for until " + size_in_full(wanted) +
                    " of it are ready; wait for no more than it has"};
}

inline void check_entered(status entered, int device, const std::string& for_what) {
  if (entered.ok()) return;
  const std::string which =
      device == current_device ? "the current device" : to_text(location::device(device));
  throw cuda_error{entered, "entering " + which + " for " + for_what};
}

inline void check_reserved(status reserved, std::size_t bytes, const std::string& of_what) {
  if (reserved.ok()) return;
  std::string doing = "reserving " + size_in_full(bytes) + " of addresses for " + of_what;
  if (reserved.out_of_memory()) doing += ", more than this process has left: make it smaller";
  throw cuda_error{reserved, doing};
}

inline void check_piece_size(std::size_t piece, std::size_t granule) {
  if (piece != 0 && piece % granule == 0) return;
  throw bad_request{"a range was to be made in pieces of " + size_in_full(piece) +
                    ", which is no multiple of " + size_in_full(granule) +
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

/// Why a piece of a range could not be made.
struct piece_failure {
  status failed{};
  std::string doing{};
  location where{};
  std::size_t fits = 0;  ///< bytes that the memory would hold of the range

  [[noreturn]] void raise() const {
    if (failed.out_of_memory()) throw range_full{failed, doing, where, fits};
    throw cuda_error{failed, doing};
  }
};

/// What could not be made, in which memory, and how much of it there would be.
template <api Api>
piece_failure why_no_piece(Api& api, const mapped_pieces<Api>& range, status failed) {
  const auto& at = range.next();
  std::size_t held = 0;
  std::size_t wanted = 0;
  for (const auto& each : range.all()) {
    if (each.where != at.where || each.alias_of != mapped_pieces<Api>::own_memory) continue;
    wanted += each.bytes;
    if (each.offset < at.offset) held += each.bytes;
  }
  std::string text = "making a range of " + size_in_full(range.bytes()) + ", for which " + to_text(at.where) +
                     " is to hold " + size_in_full(wanted) + " and holds " + size_in_full(held) + " so far";
  std::size_t free = 0;
  std::size_t total = 0;
  if (failed.out_of_memory() && api.memory_info(at.where, free, total).ok()) {
    constexpr std::size_t granule = std::size_t{2} << 20;
    free = free / granule * granule;
    text += "; " + size_in_full(free) + " more are free there, so at most " + size_in_full(held + free) +
            " would fit";
  }
  return {failed, text, at.where, held + free};
}

}  // namespace cmm::detail
