#pragma once

#include <cmm/kv.hpp>

#include "../machine/backend.hpp"

namespace engine {

/// Copies beside the work of a step: what keeps slots of HBM ready. By events they come after the moves of
/// that step and before those of the next one.
template <backend Backend>
class side_stream {
 public:
  explicit side_stream(Backend& on) : on_{on} {
    check(on_.api().create_event(moved_));
    check(on_.api().create_event(done_));
  }
  ~side_stream() {
    static_cast<void>(on_.api().synchronize(on_.beside()));  // the memory of the pages goes next
    for (const cmm::event each : {moved_, done_}) static_cast<void>(on_.api().destroy_event(each));
  }
  side_stream(const side_stream&) = delete;
  side_stream& operator=(const side_stream&) = delete;

  /// What comes into the stream of the work from now on runs after what was begun.
  void join() {
    if (!running_) return;
    check(on_.api().wait(on_.stream(), done_));
    running_ = false;
  }

  /// Runs a plan of `refill` after what is in the stream of the work.
  template <class Mover>
  void begin(Mover& mover, const cmm::kv::plan& what) {
    if (what.empty()) return;
    check(on_.api().record(moved_, on_.stream()));
    check(on_.api().wait(on_.beside(), moved_));
    mover.run(what, on_.beside(), cmm::kv::beside::decode);
    check(on_.api().record(done_, on_.beside()));
    running_ = true;
  }

 private:
  static void check(cmm::status result) { cmm::detail::check(result, "copying beside a step"); }

  Backend& on_;
  cmm::event moved_;
  cmm::event done_;
  bool running_ = false;
};

}  // namespace engine
