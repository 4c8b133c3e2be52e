#pragma once

#include <cmm/kv/sequence_tables.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "../options/random.hpp"
#include "request.hpp"

namespace engine {

/// A request on its way: its text so far, how much of it is in the cache, and under which keys.
struct conversation {
  conversation(std::size_t number, const request& of, const options& how)
      : request_number{number},
        index{number * static_cast<std::size_t>(how.samples)},
        tokens{of.prompt},
        prompt{static_cast<std::int32_t>(of.prompt.size())},
        unsaid{of.output},
        page{how.page},
        samples{how.samples} {
    add_keys();
  }

  std::size_t request_number;
  std::size_t index;  ///< of its answer
  std::vector<std::int32_t> tokens;
  std::vector<std::uint64_t> keys;     ///< of each full page: a hash of all tokens up to its end
  std::int32_t prompt;                 ///< tokens
  std::int32_t unsaid;                 ///< tokens that the answer still lacks
  std::int32_t page;                   ///< tokens
  std::int32_t samples;                ///< answers that it stands for until its first token is known
  std::int32_t computed = 0;           ///< tokens whose keys and values are in the cache after this step
  std::int32_t asked = cmm::kv::none;  ///< its place among the wanted tokens of this step
  cmm::kv::sequence pages{};

  [[nodiscard]] std::int32_t left() const noexcept {
    return static_cast<std::int32_t>(tokens.size()) - computed;
  }
  [[nodiscard]] bool is_answered() const noexcept { return unsaid == 0; }

  void say(std::int32_t next) {
    tokens.push_back(next);
    --unsaid;
    add_keys();
  }

  /// At least one token is left to compute, as its logits are wanted.
  [[nodiscard]] std::span<const std::uint64_t> keys_before_last() const noexcept {
    return std::span{keys}.first((tokens.size() - 1) / static_cast<std::size_t>(page));
  }

  /// What a page is drawn from, when it is: texts that begin alike are drawn alike.
  [[nodiscard]] std::uint64_t seed_of(std::int32_t number) const noexcept {
    const auto n = static_cast<std::size_t>(number);
    return n < keys.size() ? keys[n] : mixed(request_number, n);
  }

 private:
  void add_keys() {
    const auto each = static_cast<std::size_t>(page);
    while ((keys.size() + 1) * each <= tokens.size()) {
      std::uint64_t key = keys.empty() ? 0 : keys.back();
      for (std::size_t i = keys.size() * each; i < (keys.size() + 1) * each; ++i)
        key = mixed(key, static_cast<std::uint64_t>(tokens[i]));
      keys.push_back(key);
    }
  }
};

}  // namespace engine
