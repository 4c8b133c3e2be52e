#pragma once

#include <algorithm>
#include <cmm/kv/counters.hpp>
#include <cstdint>
#include <vector>

#include "../machine/batch.hpp"

namespace engine {

/// What a run took. Steps that compute prompts are told apart from those that only decode.
class measured {
 public:
  void add(const batch& work, double seconds) {
    seconds_ += seconds;
    said_ += work.wanted.size();
    computed_ += work.tokens.size();
    ++steps_;
    if (!work.decodes() || !work.drawn.empty()) return;
    decoding_.push_back(seconds);
    decoding_seconds_ += seconds;
    decoded_ += work.tokens.size();
  }
  void count(const cmm::kv::counters& counted, std::size_t preempted) {
    counted_ = counted;
    preempted_ = preempted;
  }

  [[nodiscard]] std::size_t steps() const noexcept { return steps_; }
  [[nodiscard]] std::size_t said() const noexcept { return said_; }
  [[nodiscard]] std::size_t computed() const noexcept { return computed_; }
  [[nodiscard]] std::size_t preempted() const noexcept { return preempted_; }
  [[nodiscard]] double seconds() const noexcept { return seconds_; }
  /// Tokens of answers for each second, all steps together.
  [[nodiscard]] double tokens_per_second() const noexcept {
    return seconds_ > 0 ? static_cast<double>(said_) / seconds_ : 0;
  }
  /// The same, of steps that only decode.
  [[nodiscard]] double decoded_per_second() const noexcept {
    return decoding_seconds_ > 0 ? static_cast<double>(decoded_) / decoding_seconds_ : 0;
  }
  /// Seconds that a decoding step takes at most, for this share of them; 0 where none decoded only.
  [[nodiscard]] double percentile(double share) const {
    if (decoding_.empty()) return 0;
    std::vector<double> sorted = decoding_;
    const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(sorted.size() - 1) + 0.5);
    std::nth_element(sorted.begin(), sorted.begin() + rank, sorted.end());
    return sorted[static_cast<std::size_t>(rank)];
  }
  /// Of the pages that steps read, those beyond HBM.
  [[nodiscard]] double remote_share() const noexcept {
    return counted_.read == 0
               ? 0
               : static_cast<double>(counted_.read_remote) / static_cast<double>(counted_.read);
  }
  [[nodiscard]] const cmm::kv::counters& counted() const noexcept { return counted_; }

 private:
  std::vector<double> decoding_;
  double seconds_ = 0;
  double decoding_seconds_ = 0;
  std::size_t steps_ = 0;
  std::size_t said_ = 0;
  std::size_t decoded_ = 0;
  std::size_t computed_ = 0;
  std::size_t preempted_ = 0;
  cmm::kv::counters counted_;
};

}  // namespace engine
