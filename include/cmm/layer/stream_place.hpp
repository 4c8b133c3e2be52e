#pragma once

#include <pthread.h>

#include <cstdint>
#include <utility>

#include "stream_cache.hpp"

namespace cmm::detail {

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
    if (is_legacy(api, s)) {
      key_.id = stream_key::legacy;
      return;
    }
    find_capture(api, s);
    if (!result_.ok()) return;
    if (capture_ == 0) {
      result_ = api.stream_id(s, key_.id);
    } else {
      key_.id = captured_id(api, s);
    }
  }

  /// The capture that work in the legacy default stream would join; of other streams it is known.
  void ask_capture(Api& api) noexcept {
    if (result_.ok() && key_.id == stream_key::legacy) find_capture(api, stream::legacy());
  }

  [[nodiscard]] status result() const noexcept { return result_; }
  [[nodiscard]] const stream_key& key() const noexcept { return key_; }
  [[nodiscard]] std::uint64_t capture() const noexcept { return capture_; }

 private:
  /// A captured stream cannot be asked for its id; during one capture its handle is as good, and of a
  /// per-thread default stream its thread.
  static std::uint64_t captured_id(const Api& api, stream s) noexcept {
    if (is_per_thread(api, s)) return static_cast<std::uint64_t>(pthread_self());
    return reinterpret_cast<std::uintptr_t>(s.native());
  }

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

}  // namespace cmm::detail
