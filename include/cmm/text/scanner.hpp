#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "../core/error.hpp"

namespace cmm::detail {

/// Text in quotes as an error shows it: without control characters, long text cut short.
inline std::string quoted(std::string_view text) {
  constexpr std::size_t most = 60;
  std::string shown{text.substr(0, most)};
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return '"' + shown + (text.size() > most ? "...\"" : "\"");
}

/// Reads a recipe's text from left to right. Offsets count from 0; errors say columns, which count from 1.
class scanner {
 public:
  explicit scanner(std::string_view text) noexcept : text_{text} {}

  /// The offset of the next token.
  std::size_t at() noexcept {
    while (next_ < text_.size() && is_blank(text_[next_])) ++next_;
    return next_;
  }
  [[nodiscard]] bool done() noexcept { return at() == text_.size(); }

  /// Steps over a token if it is the next one.
  bool accept(std::string_view token) noexcept {
    if (text_.substr(at(), token.size()) != token) return false;
    next_ += token.size();
    return true;
  }

  /// A name such as `limit` or `cmm::limit`, without the prefix; empty if there is none.
  std::string_view name() noexcept {
    accept("cmm::");
    const std::size_t begin = at();
    while (next_ < text_.size() && is_letter(text_[next_])) ++next_;
    return text_.substr(begin, next_ - begin);
  }

  /// A value that is no recipe: everything up to the next comma, brace or bar.
  std::string_view scalar() noexcept {
    const std::size_t begin = at();
    next_ = std::min(text_.find_first_of(",{}|", begin), text_.size());
    std::size_t end = next_;
    while (end > begin && is_blank(text_[end - 1])) --end;
    return text_.substr(begin, end - begin);
  }

  /// Throws `bad_text`: what is wrong with the text at an offset, and what was expected.
  [[noreturn]] void fail(std::size_t offset, std::string_view offending, const std::string& wrong) const {
    throw bad_text{"the recipe is wrong at column " + std::to_string(offset + 1) + ", " +
                   (offending.empty() ? "its end" : quoted(offending)) + ": " + wrong};
  }
  /// The same for the next token.
  [[noreturn]] void fail_here(const std::string& wrong) {
    const std::size_t begin = at();
    const std::string_view rest = text_.substr(begin);
    const std::string_view word = name();
    fail(begin, word.empty() ? rest.substr(0, 1) : rest.substr(0, next_ - begin), wrong);
  }

 private:
  static constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static constexpr bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }

  std::string_view text_;
  std::size_t next_ = 0;
};

}  // namespace cmm::detail
