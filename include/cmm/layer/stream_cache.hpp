#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "../core/api.hpp"
#include "segments.hpp"

namespace cmm::detail {

/// The free chunks of one stream, and an event that marks its latest free.
struct stream_cache {
  size_classes small;
  size_classes large;
  event freed{};
  bool has_event = false;
  bool fenced = false;  ///< the event stands behind every free so far; without it other streams keep out
  bool legacy = false;  ///< of the legacy default stream, where the event is recorded when one is wanted

  size_classes& classes(bool shared) noexcept { return shared ? small : large; }
};

/// Which stream of which device a chunk was last used in.
struct stream_key {
  int device = 0;
  std::uint64_t id = 0;

  friend bool operator==(const stream_key&, const stream_key&) = default;
  friend auto operator<=>(const stream_key&, const stream_key&) = default;
};

/// The stream a call works for: its device, made current until the guard ends, and its capture, 0 for none.
///
/// The legacy default stream, in which most of PyTorch works, is never captured itself and is one on each
/// device: to free in it, and to reuse what was freed in it, asks the driver nothing. `ask_capture` comes
/// before anything that hands work to the stream.
template <api Api>
class stream_place {
 public:
  /// A capture that another stream began and this one would join.
  static constexpr std::uint64_t foreign_capture = ~std::uint64_t{0};

  stream_place(Api& api, int device, stream s) : guard_{api.enter(device)}, result_{guard_.result()} {
    if (!result_.ok()) return;
    key_.device = guard_.device();
    if (s == stream{}) {
      key_.id = legacy_id;
      return;
    }
    find_capture(api, s);
    if (!result_.ok()) return;
    if (capture_ == 0) {
      result_ = api.stream_id(s, key_.id);
    } else {
      // A captured stream cannot be asked for its id; during one capture its handle is as good.
      key_.id = reinterpret_cast<std::uintptr_t>(s.native());
    }
  }

  /// The capture that work in the legacy default stream would join; of other streams it is known.
  void ask_capture(Api& api) noexcept {
    if (result_.ok() && key_.id == legacy_id) find_capture(api, stream{});
  }

  [[nodiscard]] status result() const noexcept { return result_; }
  [[nodiscard]] const stream_key& key() const noexcept { return key_; }
  [[nodiscard]] std::uint64_t capture() const noexcept { return capture_; }

 private:
  static constexpr std::uint64_t legacy_id = ~std::uint64_t{0};  // those of the driver count from 1

  void find_capture(Api& api, stream s) noexcept {
    result_ = api.capture_of(s, capture_);
    if (result_.code == errc::capture_implicit) {
      capture_ = foreign_capture;
      result_ = {};
    }
  }

  decltype(std::declval<Api&>().enter(0)) guard_;
  status result_;
  stream_key key_{};
  std::uint64_t capture_ = 0;
};

using stream_caches = std::map<stream_key, stream_cache>;

}  // namespace cmm::detail
