#pragma once

#include <algorithm>
#include <cctype>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../sim/profiles.hpp"

namespace cmm::sim {

/// A machine to simulate, for as long as someone holds it; one that was read from a file holds its texts.
using machine_profile = std::shared_ptr<const profile>;

/// What the name of a profile may be, for messages.
inline constexpr const char* plain_name = "up to 64 letters, digits, '-', '_' and '.'";

/// Whether a profile may have this name, which stands in names of files and rows.
inline bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
}

/// A profile that is being made: figures that are not set stay those of the base.
class profile_draft {
 public:
  explicit profile_draft(const profile& base) : kept_{std::make_shared<kept>()} { kept_->value = base; }

  /// What is made so far.
  [[nodiscard]] profile& value() noexcept { return kept_->value; }

  /// Text that lives as long as the profile.
  const char* keep(std::string text) { return kept_->texts.emplace_back(std::move(text)).c_str(); }
  void set(figure& one, double value, std::string source) { one = {value, keep(std::move(source))}; }
  /// From now on this figure is one that was fitted to a row.
  void fit(figure& one, double value, const std::string& name, const std::string& row) {
    one = {value, from_a_row};
    kept_->rows.push_back({keep(name), keep(row)});
    kept_->value.calibration = kept_->rows;
  }
  void fit_nothing() {
    kept_->rows.clear();
    kept_->value.calibration = {};
  }

  /// The profile, which keeps what the draft kept.
  [[nodiscard]] machine_profile finish() const { return {kept_, &kept_->value}; }

 private:
  struct kept {
    profile value{};
    std::deque<std::string> texts{};
    std::vector<calibrated> rows{};
  };

  std::shared_ptr<kept> kept_;
};

}  // namespace cmm::sim
