#pragma once

#include <algorithm>
#include <cmm/core/error.hpp>
#include <string>
#include <vector>

#include "options/options.hpp"

namespace engine {

/// How many times the pages that HBM has room for all texts of a batch take together.
inline constexpr double sweep_ratios[] = {0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4};

inline std::vector<double> ratios_of(const options& how) {
  if (how.ratio > 0) return {how.ratio};
  return {std::begin(sweep_ratios), std::end(sweep_ratios)};
}

/// The same engine with texts of about such a length, drawn, and three batches of them one after another, so
/// that pages have been used before. Beyond HBM there is room for idle pages too.
///
/// Throws `cmm::bad_text` where HBM has too few pages for the batch.
inline options at_ratio(const options& how, double ratio) {
  options longer = how;
  longer.hbm_slots = how.hbm();
  const double wanted = ratio * (longer.hbm_slots - 1);
  constexpr double most = 1 << 26;  // pages, whose tokens int32 counts too
  if (wanted * how.page > most * 16 || wanted + longer.hbm_slots > most)
    throw cmm::bad_text{"a sweep up to " + std::to_string(ratio) + " times " +
                        std::to_string(longer.hbm_slots) +
                        " pages has more than it can count; lower --ratio or --hbm-slots"};
  const auto pages = static_cast<std::int32_t>(wanted) / how.batch;
  const std::int32_t tokens = pages * how.page - how.output.most;
  if (tokens < how.page)
    throw cmm::bad_text{"room for " + std::to_string(longer.hbm_slots) +
                        " pages in HBM is too little for a sweep of " + std::to_string(how.batch) +
                        " texts with answers of " + std::to_string(how.output.most) +
                        " tokens; raise --hbm-slots or lower --batch and --output"};
  longer.prefixes = 0;
  longer.prompt = {std::max(1, tokens - tokens / 10), tokens};
  longer.requests = 3 * how.batch;
  longer.drawn = true;
  longer.slots = how.batch * pages + longer.hbm_slots + 1;
  return longer;
}

}  // namespace engine
