#pragma once

#include <chrono>
#include <cstddef>
#include <nlohmann/json_fwd.hpp>

namespace cmm::bench {

/// Says how far the run is: each row as it ends, and from the mean of those so far, the time that is left.
class progress {
 public:
  explicit progress(std::size_t rows) : rows_{rows} {}

  void ended(const nlohmann::json& row);
  [[nodiscard]] std::size_t done() const noexcept { return done_; }

 private:
  std::size_t rows_;
  std::size_t done_ = 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace cmm::bench
