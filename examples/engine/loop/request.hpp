#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "../options/options.hpp"

namespace engine {

/// What a user asks for.
struct request {
  std::vector<std::int32_t> prompt;
  std::int32_t output = 1;  ///< tokens
};

/// What the user gets: the tokens, and a checksum of all logits they were taken from, bit by bit.
struct answer {
  std::vector<std::int32_t> tokens;
  std::uint64_t checksum = 0;

  friend bool operator==(const answer&, const answer&) = default;
};

/// Requests of different lengths, each of which begins with one of a few prefixes.
inline std::vector<request> make_requests(const options& how) {
  std::mt19937_64 random{how.seed};
  const auto below = [&](std::int64_t limit) {
    return static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(limit));
  };
  const auto within = [&](const bounds& b) { return b.least + below(std::int64_t{b.most} - b.least + 1); };
  const auto append = [&](std::vector<std::int32_t>& text, std::int32_t count) {
    for (std::int32_t i = 0; i < count; ++i) text.push_back(below(how.model.vocabulary));
  };

  std::vector<std::vector<std::int32_t>> prefixes(static_cast<std::size_t>(how.prefixes));
  for (auto& each : prefixes) append(each, how.prefix);
  std::vector<request> requests(static_cast<std::size_t>(how.requests));
  for (request& each : requests) {
    if (!prefixes.empty()) each.prompt = prefixes[static_cast<std::size_t>(below(how.prefixes))];
    append(each.prompt, within(how.prompt));
    each.output = within(how.output);
  }
  return requests;
}

}  // namespace engine
