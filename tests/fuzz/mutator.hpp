#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

/// Makes texts that are nearly right out of right ones. One seed makes one sequence, on every machine.
class mutator {
 public:
  mutator(std::uint64_t seed, std::vector<std::string> right, std::vector<std::string> words)
      : random_{seed}, right_{std::move(right)}, words_{std::move(words)} {}

  std::string next() {
    std::string text = pick(right_);
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(text);
    return text;
  }

  std::size_t below(std::size_t end) { return end == 0 ? 0 : static_cast<std::size_t>(random_() % end); }

 private:
  const std::string& pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

  void change(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    switch (below(8)) {
      case 0: text.insert(at, 1, static_cast<char>(below(256))); break;
      case 1: text.erase(at, 1 + below(6)); break;
      case 2: text.insert(at, pick(words_)); break;
      case 3: {
        const std::string& other = pick(right_);
        text.replace(at, text.npos, other, below(other.size() + 1));
        break;
      }
      case 4: text.insert(at, text.substr(below(text.size() + 1), below(20))); break;
      case 5: text.insert(at, std::string(1 + below(400), "0123456789{(["[below(13)])); break;
      case 6: {
        const std::size_t digit = text.find_first_of("0123456789", at);
        if (digit != std::string::npos) text.replace(digit, 1, pick(numbers_));
        break;
      }
      default:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
    }
  }

  std::mt19937_64 random_;
  std::vector<std::string> right_;
  std::vector<std::string> words_;
  std::vector<std::string> numbers_{
      "-1",  "0",      "00",  "4294967296", "9223372036854775808",    "18446744073709551616",
      "1e9", "1e-400", "nan", "0x10",       "99999999999999999999999"};
};

/// How often a case is tried: more with CMM_FUZZ_FACTOR. The first seed is 1, or CMM_FUZZ_SEED.
inline std::uint64_t fuzz_number(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Tries a law on mutated texts; `holds` says what is wrong with one, or nothing.
void fuzz(const std::vector<std::string>& right, const std::vector<std::string>& words, std::uint64_t tries,
          auto&& holds, auto&& report) {
  const std::uint64_t seed = fuzz_number("CMM_FUZZ_SEED", 1);
  tries *= fuzz_number("CMM_FUZZ_FACTOR", 1);
  mutator made{seed, right, words};
  for (std::uint64_t i = 0; i < tries; ++i) {
    const std::string text = made.next();
    if (const std::string wrong = holds(text); !wrong.empty()) {
      report(wrong, text);
      return;
    }
  }
}

/// What is wrong with an error message: people must be able to read it in one line of a terminal.
inline std::string fault_of(std::string_view message) {
  if (message.size() < 12) return "the message says nothing";
  if (message.size() > 4000) return "the message is longer than anybody reads";
  for (const char c : message) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "the message has a control character in it";
  }
  return "";
}

}  // namespace tests
