#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../core/error.hpp"

namespace cmm::detail {

/// A value of JSON. `written` is how it stands in its text, which has to live as long.
struct json {
  enum class kind : unsigned char { none, boolean, number, text, list, object };

  kind what = kind::none;
  std::string_view written{};
  double number = 0;                                    ///< 1 for true
  std::string text{};                                   ///< in UTF-8
  std::vector<std::pair<std::string, json>> members{};  ///< of an object, or of a list without names

  [[nodiscard]] bool is(kind wanted) const noexcept { return what == wanted; }
  [[nodiscard]] const json* find(std::string_view name) const noexcept {
    for (const auto& [key, value] : members) {
      if (key == name) return &value;
    }
    return nullptr;
  }
  /// The member of this name, or a value of no kind, which is written "null".
  [[nodiscard]] const json& operator[](std::string_view name) const noexcept {
    static const json missing{.written = "null"};
    const json* const found = find(name);
    return found == nullptr ? missing : *found;
  }
};

/// Reads a whole text as JSON. Refuses what readers of JSON differ about: a name that stands twice in an
/// object, and a number beyond what a double holds.
class json_reader {
 public:
  explicit json_reader(std::string_view text) noexcept : text_{text} {}

  /// Throws `bad_text` that says what is wrong in which line.
  json whole() {
    take("\xef\xbb\xbf");  // of a file from an editor that marks UTF-8
    json value = any(0);
    if (skip_blanks(); at_ != text_.size()) refuse("nothing may follow the value");
    return value;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    const std::string_view before = text_.substr(0, at_);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    throw bad_text{"line " + std::to_string(line) + ": " + why};
  }
  void skip_blanks() noexcept { at_ = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size()); }
  bool take(std::string_view token) noexcept {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  bool next(std::string_view token) noexcept {
    skip_blanks();
    return take(token);
  }

  json any(int depth) {
    constexpr int deepest = 32;
    if (depth > deepest) refuse("more than 32 values stand in each other");
    skip_blanks();
    const std::size_t begin = at_;
    json value;
    if (take("{")) {
      members(value, json::kind::object, "}", depth);
    } else if (take("[")) {
      members(value, json::kind::list, "]", depth);
    } else if (take("\"")) {
      value.what = json::kind::text;
      value.text = string();
    } else if (take("true")) {
      value.what = json::kind::boolean;
      value.number = 1;
    } else if (take("false")) {
      value.what = json::kind::boolean;
    } else if (!take("null")) {
      value.what = json::kind::number;
      value.number = number();
    }
    value.written = text_.substr(begin, at_ - begin);
    return value;
  }

  void members(json& into, json::kind what, std::string_view end, int depth) {
    into.what = what;
    if (next(end)) return;
    do {
      std::string name;
      if (what == json::kind::object) {
        if (!next("\"")) refuse("a name in quotes is missing");
        name = string();
        if (into.find(name) != nullptr) refuse('"' + name + "\" stands there twice");
        if (!next(":")) refuse("a colon is missing behind \"" + name + '"');
      }
      json value = any(depth + 1);
      into.members.emplace_back(std::move(name), std::move(value));
    } while (next(","));
    if (!next(end)) refuse("a comma or " + std::string{end} + " is missing");
  }

  double number() {
    const auto digit = [&](std::size_t at) {
      return at < text_.size() && text_[at] >= '0' && text_[at] <= '9';
    };
    const std::size_t first = at_ + (text_.substr(at_, 1) == "-" ? 1 : 0);
    const std::size_t end = std::min(text_.find_first_of(" \t\n\r,:]}\"", at_), text_.size());
    const std::string_view word = text_.substr(at_, end - at_);
    double value = 0;
    const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    const std::size_t point = text_.substr(0, end).find('.', at_);
    const bool whole = stop == word.data() + word.size() && digit(first) &&
                       !(text_[first] == '0' && digit(first + 1)) &&
                       (point == std::string_view::npos || digit(point + 1));
    if (word.empty()) refuse("a value is missing");
    if (!whole) refuse('"' + std::string{word.substr(0, 40)} + "\" is no value of JSON");
    if (error == std::errc::result_out_of_range)
      refuse(std::string{word.substr(0, 40)} + " is too large or too small for any number");
    at_ = end;
    return value;
  }

  std::string string() {
    std::string out;
    for (;;) {
      if (at_ == text_.size()) refuse("a quote has no end");
      const char c = text_[at_++];
      if (c == '"') return out;
      if (static_cast<unsigned char>(c) < 0x20) refuse("a text goes on behind the end of its line");
      out += c == '\\' ? escaped() : std::string(1, c);
    }
  }
  std::string escaped() {
    constexpr std::string_view names = "\"\\/bfnrt";
    constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
    const std::size_t which = at_ < text_.size() ? names.find(text_[at_]) : names.npos;
    if (which != names.npos) return ++at_, std::string(1, meant[which]);
    std::uint32_t code = unit();
    if (code >= 0xd800 && code < 0xe000) {  // one of two halves of a character
      const std::uint32_t low = code < 0xdc00 && take("\\") ? unit() : 0;
      if (low < 0xdc00 || low >= 0xe000) refuse("half of a character is missing");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    return utf8(code);
  }
  std::uint32_t unit() {
    std::uint32_t code = 0;
    const std::string_view digits = text_.substr(std::min(at_ + 1, text_.size()), 4);
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (text_.substr(at_, 1) != "u" || digits.size() != 4 || stop != digits.data() + 4)
      refuse("a \\ escapes nothing");
    at_ += 5;
    return code;
  }
  static std::string utf8(std::uint32_t code) {
    const auto tail = [&](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3f)); };
    if (code < 0x80) return {static_cast<char>(code)};
    if (code < 0x800) return {static_cast<char>(0xc0 | code >> 6), tail(0)};
    if (code < 0x10000) return {static_cast<char>(0xe0 | code >> 12), tail(6), tail(0)};
    return {static_cast<char>(0xf0 | code >> 18), tail(12), tail(6), tail(0)};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace cmm::detail
