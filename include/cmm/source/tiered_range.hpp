#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "../core/say.hpp"
#include "../core/stepping_thread.hpp"
#include "mapped_pieces.hpp"
#include "range_errors.hpp"
#include "shared_memory.hpp"

namespace cmm {

/// How a `tiered_range` is made and who reaches it.
struct range_settings {
  int device = current_device;  ///< whose memory `location::device()` means; it reaches all of the range
  std::vector<int> also{};      ///< other GPUs that reach all of it
  bool host = true;             ///< the CPU reaches what lies on the host
  bool shareable = false;       ///< its memory can be exported as file descriptors
  bool background = false;      ///< a thread makes what follows the first area of a GPU
  bool keep_when_full = false;  ///< what is made stays when the rest cannot be had
  std::size_t piece = std::size_t{256} << 20;  ///< the most bytes of one handle, and of a step of progress
  taken_memory from{};  ///< handles that were made before, such as those of a `memory_stock`; not shareable
};

/// One address range whose parts lie in the memories that a list of areas names, pinned there.
///
/// The areas follow each other from 0 on, in whole multiples of the driver's granularity of 2 MiB. One may
/// show the memory of another (`alias_of`): a kernel that writes by one address and a later one that reads by
/// the other see the same bytes, within one kernel they need not. All of the
/// range is made by the constructor or, with `background`, by a thread that goes on in the order of the
/// addresses while the caller does something else, at the 4-5 GB/s at which host memory comes: what lies
/// below `ready()` may be used. Under `background`, a memory that runs out is told by `wait`, which gives
/// everything back before it throws, unless `keep_when_full` leaves the made part usable.
///
/// Throws `range_full` naming the memory that ran out and what would fit, `bad_request` for wrong areas. Any
/// thread may ask and wait. The destructor stops the thread, waits for the work of the GPUs, and gives the
/// range back; a forked child leaves it to its parent.
template <api Api>
class tiered_range {
 public:
  tiered_range(Api api, std::vector<memory_area> areas, range_settings settings = {})
      : api_{std::move(api)}, settings_{std::move(settings)}, pieces_{prepared(std::move(areas))} {
    while (!pieces_.complete() && failure_.failed.ok() && !for_the_thread()) step();
    if (!failure_.failed.ok()) {
      if (!settings_.keep_when_full || ready() == 0) fail();
    } else if (!pieces_.complete()) {
      thread_.start([this] { return step(); });
    }
  }
  tiered_range(const tiered_range&) = delete;
  tiered_range& operator=(const tiered_range&) = delete;
  ~tiered_range() {
    if (thread_.forked()) return;
    thread_.end();
    if (pieces_.data() == nullptr) return;
    for (const location& each : pieces_.settings().devices) {
      [[maybe_unused]] const auto here = api_.enter(each.id);
      static_cast<void>(api_.synchronize_device());
    }
    give_back();
  }

  /// The first byte; null when everything was given back.
  [[nodiscard]] std::byte* data() const noexcept { return pieces_.data(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return pieces_.bytes(); }
  /// The areas, their locations resolved.
  [[nodiscard]] const std::vector<memory_area>& areas() const noexcept { return areas_; }
  /// What areas and pieces are multiples of.
  [[nodiscard]] std::size_t granularity() const noexcept { return granule_; }

  /// How many bytes from the first one on may be used.
  [[nodiscard]] std::size_t ready() const noexcept { return ready_.load(std::memory_order_acquire); }
  /// Returns when so many bytes may be used; throws when they cannot be had.
  void wait_for(std::size_t bytes) {
    if (thread_.forked()) throw bad_request{detail::range_of_the_parent};
    if (bytes > this->bytes()) detail::refuse_wait(bytes, this->bytes());
    thread_.wait([&] { return ready() >= bytes; });
    if (ready() < bytes) fail();
  }
  /// Returns when all of it may be used.
  void wait() { wait_for(bytes()); }

  /// Descriptors for all parts, in order, from which other processes import them. Waits for all of it.
  [[nodiscard]] std::vector<shared_memory> share() {
    if (!settings_.shareable) throw bad_request{detail::range_not_shareable};
    wait();
    std::vector<shared_memory> parts;
    for (const auto& each : pieces_.all()) {
      int descriptor = -1;
      detail::check(api_.export_memory(pieces_.memory_of(each), descriptor), "exporting a part of a range");
      parts.emplace_back(each.offset, each.bytes, each.where, descriptor);
    }
    return parts;
  }

  [[nodiscard]] Api& api() noexcept { return api_; }

 private:
  using pieces = detail::mapped_pieces<Api>;

  /// Resolves and checks what was asked for, and reserves the addresses.
  pieces prepared(std::vector<memory_area> areas) {
    const auto here = api_.enter(settings_.device);
    detail::check_entered(here.result(), settings_.device, "a range");
    settings_.device = here.device();
    granule_ = detail::resolve_areas(api_, areas, here.device());
    static_cast<void>(detail::checked_areas(areas, granule_));
    detail::check_piece_size(settings_.piece, granule_);
    if (settings_.shareable) detail::need_shareable(api_, here.device());
    if (settings_.shareable && settings_.from) throw bad_request{detail::stock_not_shareable};
    std::vector<location> devices{location::device(here.device())};
    for (const int each : settings_.also) devices.push_back(location::device(each));
    pieces made{areas,
                {std::move(devices), settings_.host, settings_.shareable, settings_.piece, settings_.from}};
    areas_ = std::move(areas);
    detail::check_reserved(made.reserve(api_), made.bytes(), "a range");
    return made;
  }

  /// What a GPU holds is made at once, up to the first part that takes long.
  [[nodiscard]] bool for_the_thread() const noexcept {
    return settings_.background && pieces_.next().where.what != location::kind::device;
  }

  /// Makes the next piece; whether there is more to do.
  bool step() noexcept {
    const auto here = api_.enter(settings_.device);
    try {
      status done = here.result();
      if (done.ok()) done = pieces_.extend(api_);
      if (!done.ok()) failure_ = detail::why_no_piece(api_, pieces_, done);
    } catch (const std::bad_alloc&) {
      failure_.failed = {errc::out_of_memory, "operator new"};
    }
    if (!failure_.failed.ok()) return false;
    ready_.store(pieces_.ready(), std::memory_order_release);
    return !pieces_.complete();
  }

  [[noreturn]] void fail() {
    const std::scoped_lock lock{failing_};
    if (!settings_.keep_when_full || ready() == 0) {
      ready_ = 0;
      give_back();
    }
    failure_.raise();
  }

  void give_back() noexcept {
    const auto here = api_.enter(settings_.device);
    status gone = pieces_.give_back(api_);
    if (!gone.ok()) gone = pieces_.give_back(api_);  // goes on behind a call that failed once
    if (!gone.ok()) {
      detail::say(std::string{gone.call} + " failed while a range was given back: " + describe(gone.code) +
                  "; its memory stays taken until the process ends");
    }
  }

  Api api_;
  range_settings settings_;
  std::vector<memory_area> areas_;
  std::size_t granule_ = 0;
  pieces pieces_;
  std::atomic<std::size_t> ready_ = 0;
  detail::piece_failure failure_;
  std::mutex failing_;
  detail::stepping_thread thread_;
};

}  // namespace cmm
