#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../core/process.hpp"
#include "../core/say.hpp"
#include "mapped_pieces.hpp"
#include "shared_memory.hpp"
#include "tiered_range.hpp"

namespace cmm {

/// The memory of a `tiered_range` of another process, at addresses of this one.
///
/// `parts` are what its `share` gave, in order, with descriptors that this process has received and locations
/// as it counts its GPUs. They can be closed once the range is made. Of the settings it obeys `device`,
/// `also` and `host`. The memory lives as long as any process has it mapped; who writes what is for the
/// processes to agree on.
///
/// Throws `bad_request` for parts that do not follow each other from 0 on, `cuda_error`; then nothing stays
/// mapped. The destructor waits for the work of the GPUs; a forked child leaves it to its parent.
template <api Api>
class imported_range {
 public:
  imported_range(Api api, std::span<const shared_memory> parts, const range_settings& settings = {})
      : api_{std::move(api)}, pieces_{prepared(parts, settings)} {
    const auto here = api_.enter(device_);
    status done = here.result();
    for (std::size_t i = 0; i < parts.size() && done.ok(); ++i) {
      done = pieces_.extend(
          api_, [&](auto& piece) { return api_.import_memory(piece.memory, parts[i].descriptor()); });
    }
    if (done.ok()) return;
    give_back();  // what was imported before the call that failed
    detail::check(done, "importing a part of a range");
  }
  imported_range(const imported_range&) = delete;
  imported_range& operator=(const imported_range&) = delete;
  ~imported_range() {
    if (process_.forked()) return;
    for (const location& each : pieces_.settings().devices) {
      [[maybe_unused]] const auto here = api_.enter(each.id);
      static_cast<void>(api_.synchronize_device());
    }
    give_back();
  }

  /// Where the range lies in this process, and how many bytes it has.
  [[nodiscard]] std::byte* data() const noexcept { return pieces_.data(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return pieces_.bytes(); }

 private:
  using pieces = detail::mapped_pieces<Api>;

  pieces prepared(std::span<const shared_memory> parts, const range_settings& settings) {
    const auto here = api_.enter(settings.device);
    detail::check_entered(here.result(), settings.device, "an imported range");
    device_ = here.device();
    std::vector<memory_area> areas;
    for (const shared_memory& each : parts) areas.push_back({each.offset, each.bytes, each.where});
    const std::size_t granule = detail::resolve_areas(api_, areas, device_);
    static_cast<void>(detail::checked_areas(areas, granule));
    std::vector<location> devices{location::device(device_)};
    for (const int each : settings.also) devices.push_back(location::device(each));
    pieces made{areas, {std::move(devices), settings.host}};
    detail::check_reserved(made.reserve(api_), made.bytes(), "an imported range");
    return made;
  }

  void give_back() noexcept {
    const auto here = api_.enter(device_);
    status gone = pieces_.give_back(api_);
    if (!gone.ok()) gone = pieces_.give_back(api_);  // goes on behind a call that failed once
    if (gone.ok()) return;
    detail::say(std::string{gone.call} + " failed while an imported range was given back: " +
                describe(gone.code) + "; it stays mapped until the process ends");
  }

  Api api_;
  int device_ = 0;
  detail::process_mark process_;
  pieces pieces_;
};

}  // namespace cmm
