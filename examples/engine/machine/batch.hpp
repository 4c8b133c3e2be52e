#pragma once

#include <cstdint>
#include <vector>

namespace engine {

/// A token that a step computes: what it is, where its keys and values go, and what it may look at.
struct token {
  std::int32_t id = 0;
  std::int32_t position = 0;  ///< in its text
  std::int32_t slot = 0;      ///< of the page that takes its keys and values, at `position` within the page
  std::int32_t row = 0;       ///< of the table, which lists the slots that it reads
  std::int32_t length = 1;    ///< tokens in those slots, up to itself
};

/// A page whose keys and values are drawn instead of computed.
struct drawn_page {
  std::int32_t slot = 0;
  std::uint64_t seed = 0;
};

/// The work of one step.
struct batch {
  std::vector<token> tokens;
  std::vector<std::int32_t> wanted;  ///< which of them are asked for a next token
  std::vector<drawn_page> drawn;     ///< before the tokens are computed

  /// Each token is the last one of its text: always the same kernels, so that a graph can replay them.
  [[nodiscard]] bool decodes() const noexcept { return tokens.size() == wanted.size(); }
};

/// What a model answers for a wanted token.
struct next_token {
  std::int32_t id = 0;
  std::uint64_t checksum = 0;  ///< of its logits, bit by bit
};

}  // namespace engine
