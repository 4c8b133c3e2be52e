#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/page_copier.hpp"

namespace cmm::kv::detail {

/// Host memory through which kernels are told of pairs, part after part, each with an event that tells when
/// its kernel has read it.
///
/// When every part still waits for its kernel, the thread waits for the oldest one. For one thread at a time;
/// streams may differ, since each part is followed by its own event.
template <page_copier Copier>
class pair_ring {
 public:
  static constexpr std::size_t spare = 2;  ///< pairs behind a part, which a kernel may read and not use

  /// Throws `cuda_error`; what it took goes back.
  pair_ring(Copier& copier, std::size_t parts, std::size_t pairs) : copier_{copier}, pairs_{pairs} {
    auto api = copier.api();
    const auto here = api.enter(copier.device());  // whose events these are
    cmm::detail::check(here.result(), doing);
    void* got = nullptr;
    cmm::detail::check(copier.allocate_pinned(got, parts * (pairs + spare) * sizeof(page_pair)), doing);
    memory_ = static_cast<page_pair*>(got);
    try {
      for (std::size_t i = 0; i < parts; ++i) {
        event made;
        cmm::detail::check(api.create_event(made), doing);
        parts_.push_back({made, false});
      }
    } catch (...) {
      release();
      throw;
    }
  }
  ~pair_ring() { release(); }
  pair_ring(const pair_ring&) = delete;
  pair_ring& operator=(const pair_ring&) = delete;

  /// Room for the next kernel's pairs, which no other one reads. Throws `cuda_error`.
  std::span<page_pair> room() {
    part& next = parts_[next_];
    if (next.used) {
      auto api = copier_.api();
      const status asked = api.query(next.read);
      if (asked.code == errc::not_ready) {
        ++waits_;
        cmm::detail::check(api.synchronize(next.read), doing);
      } else {
        cmm::detail::check(asked, doing);
      }
      next.used = false;
    }
    return {memory_ + next_ * (pairs_ + spare), pairs_};
  }
  /// The kernel that reads the room is in this stream now. Throws `cuda_error`.
  void taken(stream on) {
    part& now = parts_[next_];
    auto api = copier_.api();
    const status told = api.record(now.read, on);
    if (!told.ok()) static_cast<void>(api.synchronize(on));  // else nothing tells when the room is free
    cmm::detail::check(told, doing);
    now.used = true;
    next_ = (next_ + 1) % parts_.size();
  }
  /// Until all kernels have read their pairs, and with that have begun and ended.
  void wait() noexcept {
    auto api = copier_.api();
    for (part& each : parts_) {
      if (each.used) static_cast<void>(api.synchronize(each.read));
      each.used = false;
    }
  }
  /// How often a thread waited for a kernel to read.
  [[nodiscard]] std::size_t waits() const noexcept { return waits_; }
  /// A forked child leaves what belongs to its parent alone.
  void abandon() noexcept {
    parts_.clear();
    memory_ = nullptr;
  }

 private:
  static constexpr const char* doing = "telling a kernel which pages to move";

  struct part {
    event read{};
    bool used = false;
  };

  void release() noexcept {
    wait();
    auto api = copier_.api();
    for (const part& each : parts_) static_cast<void>(api.destroy_event(each.read));
    if (memory_ != nullptr) static_cast<void>(copier_.free_pinned(memory_));
  }

  Copier& copier_;
  std::size_t pairs_;
  page_pair* memory_ = nullptr;
  std::vector<part> parts_;
  std::size_t next_ = 0;
  std::size_t waits_ = 0;
};

}  // namespace cmm::kv::detail
