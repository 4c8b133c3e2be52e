#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "process.hpp"

namespace cmm::detail {

/// A thread that repeats a step until it answers false or the owner ends.
///
/// Where no thread can be had, the steps are made at once, by the caller of `start`. A forked child, in which
/// the thread does not exist, neither waits for it nor ends it. Any thread may wait.
class stepping_thread {
 public:
  stepping_thread() : shared_{std::make_unique<shared>()} {}
  stepping_thread(const stepping_thread&) = delete;
  stepping_thread& operator=(const stepping_thread&) = delete;
  ~stepping_thread() {
    if (mark_.forked()) {
      static_cast<void>(shared_.release());  // its lock may be held for ever, its thread cannot be joined
    } else {
      end();
    }
  }

  /// Starts the steps, which must not throw. Once only.
  void start(std::function<bool()> step) {
    shared& all = *shared_;
    all.step = std::move(step);
    all.running = true;
    try {
      all.thread = std::thread{[&all] { run(all); }};
    } catch (const std::system_error&) {
      run(all);
    }
  }

  /// Returns when `reached()` holds or no step will follow. It is asked after each step, under a lock.
  void wait(const std::function<bool()>& reached) const {
    std::unique_lock lock{shared_->mutex};
    shared_->changed.wait(lock, [&] { return reached() || !shared_->running; });
  }

  /// Ends after the step that is under way.
  void end() {
    {
      const std::scoped_lock lock{shared_->mutex};
      shared_->ending = true;
    }
    if (shared_->thread.joinable()) shared_->thread.join();
  }

  [[nodiscard]] bool forked() const noexcept { return mark_.forked(); }

 private:
  struct shared {
    std::function<bool()> step{};
    std::thread thread{};
    std::mutex mutex{};
    std::condition_variable changed{};
    bool running = false;
    bool ending = false;
  };

  static void run(shared& all) {
    for (bool more = true; more;) {
      more = all.step();
      {
        const std::scoped_lock lock{all.mutex};
        more = more && !all.ending;
        all.running = more;
      }
      all.changed.notify_all();
    }
  }

  std::unique_ptr<shared> shared_;
  process_mark mark_;
};

}  // namespace cmm::detail
