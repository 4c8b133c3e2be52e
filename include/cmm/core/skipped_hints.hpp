#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "fields.hpp"
#include "location.hpp"
#include "resolve.hpp"
#include "say.hpp"

namespace cmm {

/// What a policy wished for a block.
struct hint {
  const char* policy = "";
  location where{};

  /// "prefer at host_numa:3, which this machine does not have"; the second half only where a reason is known.
  [[nodiscard]] std::string text(const char* why = nullptr) const {
    return std::string{policy} + " at " + to_text(where) +
           (why == nullptr ? std::string{} : ", " + std::string{why});
  }
  friend bool operator==(const hint&, const hint&) = default;
};

/// How often a hint was not taken. All are counted. On stderr, with policy and place, are said: each whose
/// place is not there, once; and the first that a device cannot take.
class skipped_hints {
 public:
  [[nodiscard]] std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

  void add() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  void add(const hint& which, const char* call, const char* why) {
    add();
    const hint news = why == detail::absent ? which : hint{};
    const std::scoped_lock lock{mutex_};
    for (const hint& each : said_) {
      if (each == news) return;
    }
    if (said_.size() == most_said) return;
    said_.push_back(news);
    detail::say(which.text(why) + ", is skipped (" + call +
                "); the memory works, its placement is the driver's");
  }

 private:
  static constexpr std::size_t most_said = 16;  // a policy may compute its places

  std::atomic<std::size_t> count_ = 0;
  std::mutex mutex_;
  std::vector<hint> said_;
};

}  // namespace cmm
