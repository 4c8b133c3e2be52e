#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "../core/error.hpp"
#include "../core/number.hpp"
#include "placement/any.hpp"
#include "placement/fixed.hpp"
#include "placement/hot_set.hpp"
#include "placement/on_use.hpp"
#include "placement/pinned.hpp"
#include "placement/remote.hpp"

namespace cmm::kv {

namespace detail {

/// Reads policies as they are written in C++: `pinned{.most = 1000} | on_use`.
class placement_reader {
 public:
  explicit placement_reader(std::string_view text) noexcept : text_{text} {}

  any_placement whole() {
    any_placement all;
    do {
      element(all);
    } while (accept('|'));
    if (!rest().empty()) fail("this does not belong here; join policies with |");
    return all;
  }

 private:
  void element(any_placement& all) {
    const std::string_view name = word();
    if (name == "fixed") return add(all, fixed{}, name);
    if (name == "remote") return add(all, remote{}, name);
    if (name == "on_use") return add(all, on_use{}, name);
    if (name == "pinned") {
      pinned given;
      settings(
          name, [&](std::string_view field) { return field == "most" && number(given.most); }, "most");
      if (given.most == 0) fail("pinned needs a number of pages; write pinned{.most = 1000}");
      return all.add(given);
    }
    if (name == "hot_set") {
      hot_set given;
      settings(
          name,
          [&](std::string_view field) {
            return (field == "half_life" && number(given.half_life)) ||
                   (field == "most" && number(given.most)) || (field == "looks" && number(given.looks)) ||
                   (field == "gain" && number(given.gain));
          },
          "half_life, most, looks and gain");
      return all.add(given);
    }
    begin_ = name.empty() ? begin_ : static_cast<std::size_t>(name.data() - text_.data());
    fail("there is no such policy; those are fixed, remote, on_use, pinned{.most = N} and hot_set");
  }

  template <class Policy>
  void add(any_placement& all, Policy policy, std::string_view name) {
    settings(
        name, [](std::string_view) { return false; }, "");
    all.add(policy);
  }

  /// `{.field = N, ...}`, which may be missing.
  void settings(std::string_view name, auto&& take, std::string_view known) {
    if (!accept('{') || accept('}')) return;
    do {
      static_cast<void>(rest());
      const std::size_t at = begin_;
      const bool dot = accept('.');
      const std::string_view field = word();
      const bool equals = accept('=');
      if (dot && equals && take(field)) continue;
      begin_ = at;
      if (known.empty()) fail(std::string{name} + " has no settings");
      if (!dot || !equals) fail("a setting is written .name = number");
      fail("this is no setting of " + std::string{name} + ", or no number that it takes; it has " +
           std::string{known} + ", whole numbers from 1 on");
    } while (accept(','));
    if (!accept('}')) fail("a } is missing");
  }

  template <class Number>
  bool number(Number& into) {
    const std::string_view digits = word();
    return !digits.empty() && cmm::detail::read_number(digits, into) && into > 0;
  }

  std::string_view rest() noexcept {
    begin_ = std::min(text_.find_first_not_of(" \t\r\n", begin_), text_.size());
    return text_.substr(begin_);
  }
  bool accept(char wanted) noexcept {
    if (!rest().starts_with(wanted)) return false;
    ++begin_;
    return true;
  }
  std::string_view word() noexcept {
    const std::string_view from = rest();
    const auto end = std::ranges::find_if_not(from, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    const auto found = from.substr(0, static_cast<std::size_t>(end - from.begin()));
    begin_ += found.size();
    return found;
  }

  [[noreturn, gnu::cold]] void fail(const std::string& wrong) {
    const std::string_view from = rest().substr(0, 40);
    throw bad_text{"the placement of KV pages is wrong at column " + std::to_string(begin_ + 1) + ", " +
                   (from.empty() ? std::string{"its end"} : '"' + std::string{from} + '"') + ": " + wrong};
  }

  std::string_view text_;
  std::size_t begin_ = 0;
};

}  // namespace detail

/// Policies by their names, such as `pinned{.most = 1000} | on_use`, the first of which decides first. Throws
/// `bad_text` that says what is wrong where.
inline any_placement read_placement(std::string_view text) { return detail::placement_reader{text}.whole(); }

}  // namespace cmm::kv
