#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "../../core/status.hpp"
#include "lookup.hpp"

namespace cmm::sim {

/// Counts the api calls and makes the chosen ones fail.
class injection {
 public:
  /// Plans a failure of the `nth` call from now (1 is the next), of one call name or, if empty, of any; with
  /// `onward`, of every one after it too.
  void plan(std::string_view call, std::size_t nth, errc code, bool onward) {
    plans_.push_back({std::string{call}, nth, code, onward});
  }
  void clear() { plans_.clear(); }

  /// Counts the call; answers what it must fail with, or success.
  errc next(const char* call) {
    ++total_;
    ++counts_[call];
    errc answer = errc::success;
    for (planned& plan : plans_) {
      if (!plan.call.empty() && plan.call != call) continue;
      if (plan.left > 0) --plan.left;
      const bool due = plan.left == 0 && !plan.spent;
      if (due && answer == errc::success) answer = plan.code;
      plan.spent = plan.spent || (due && !plan.onward);
    }
    return answer;
  }

  [[nodiscard]] std::size_t calls() const noexcept { return total_; }
  [[nodiscard]] std::size_t calls(std::string_view call) const {
    const std::size_t* const found = look_up(counts_, call);
    return found == nullptr ? 0 : *found;
  }

 private:
  struct planned {
    std::string call;
    std::size_t left;
    errc code;
    bool onward;
    bool spent = false;
  };

  std::vector<planned> plans_;
  std::map<std::string_view, std::size_t> counts_;  // keys are the literals the api names its calls with
  std::size_t total_ = 0;
};

}  // namespace cmm::sim
