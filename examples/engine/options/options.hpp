#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>

#include "model_shape.hpp"

namespace engine {

/// A number is drawn from these, both included.
struct bounds {
  std::int32_t least = 1;
  std::int32_t most = 1;
};

/// What the command line asked for.
struct options {
  std::string platform = "auto";
  model_shape model = tiny;
  std::int32_t page = 16;       ///< tokens
  std::int32_t slots = 256;     ///< pages in all
  std::int32_t hbm_slots = -1;  ///< of these, in HBM; negative: as `hbm_share` says
  double hbm_share = 0.5;
  std::string placement = "on_use";

  std::int32_t requests = 24;
  std::int32_t batch = 8;  ///< requests that run at once
  bounds prompt{16, 64};   ///< tokens behind the prefix
  bounds output{8, 24};
  std::int32_t prefixes = 3;
  std::int32_t prefix = 32;  ///< tokens
  std::int32_t chunk = 64;   ///< tokens of prompts computed in a step
  bool drawn = false;        ///< keys and values of prompts are drawn instead of computed
  std::int32_t samples = 1;  ///< answers to each request
  bool unshared = false;     ///< no prompt uses the pages of another
  double reads = 1;          ///< share of a text's pages that a decoded token reads

  std::uint64_t seed = 1;
  bool check = false;
  bool sweep = false;
  double ratio = 0;  ///< of a sweep the only one, unless 0
  std::filesystem::path json;

  /// Slots that HBM has room for.
  [[nodiscard]] std::int32_t hbm() const noexcept {
    return hbm_slots >= 0 ? hbm_slots : static_cast<std::int32_t>(hbm_share * slots);
  }
  /// Slots in HBM for this placement.
  [[nodiscard]] std::int32_t fast() const noexcept {
    if (placement == "all-in-hbm") return slots;
    if (placement == "remote") return 0;
    return hbm();
  }
  /// Slots of HBM that are kept ready for new pages, by copies beside the work of a step.
  [[nodiscard]] std::int32_t ready() const noexcept {
    const bool moves = placement == "on_use" || placement == "hot_set";
    return moves ? std::min({fast() / 8, slots - fast(), 512}) : 0;
  }
  /// Pages that the longest text can take.
  [[nodiscard]] std::int32_t longest() const noexcept {
    const std::int32_t tokens = (prefixes > 0 ? prefix : 0) + prompt.most + output.most;
    return (tokens + page - 1) / page;
  }
};

/// The last three are baselines without `cmm::kv`.
inline constexpr const char* placements[] = {"all-in-hbm", "remote", "fixed",    "on_use",
                                             "hot_set",    "fault",  "prefetch", "copy"};

}  // namespace engine
