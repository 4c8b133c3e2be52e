#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "../core/error.hpp"
#include "../core/number.hpp"
#include "mover_rows.hpp"

namespace cmm::kv {

namespace detail {

inline constexpr std::array<std::string_view, 3> way_names{"up", "down", "swap"};
inline constexpr std::array<std::string_view, 3> beside_names{"nothing", "decode", "prefill"};
inline constexpr std::array<std::string_view, 3> mover_names{"registers", "ring", "engine"};

/// The words of a line, up to a comment.
inline std::vector<std::string_view> words_of(std::string_view line) {
  line = line.substr(0, line.find('#'));
  std::vector<std::string_view> words;
  constexpr std::string_view space = " \t\r";
  for (auto at = line.find_first_not_of(space); at != line.npos; at = line.find_first_not_of(space)) {
    line.remove_prefix(at);
    words.push_back(line.substr(0, line.find_first_of(space)));
    line.remove_prefix(words.back().size());
  }
  return words;
}

template <class Named>
bool read_name(std::string_view word, const std::array<std::string_view, 3>& names, Named& out) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (word != names[i]) continue;
    out = static_cast<Named>(i);
    return true;
  }
  return false;
}

inline bool read_row(const std::vector<std::string_view>& words, mover_row& row) {
  if (words.size() < 4 || !read_name(words[0], way_names, row.way) ||
      !read_name(words[1], beside_names, row.with) || !read_name(words[3], mover_names, row.by.what)) {
    return false;
  }
  row.bytes = parse_size(words[2]);
  row.by.ctas = 0;
  if (row.by.what == moved_by::mover::engine) return words.size() == 4;
  constexpr unsigned most = 1024;
  return words.size() == 5 && cmm::detail::read_number(words[4], row.by.ctas) && row.by.ctas >= 1 &&
         row.by.ctas <= most;
}

}  // namespace detail

/// Reads a recommendation of movers: a line for each row, such as `up decode 64KiB engine` or
/// `swap nothing 16KiB registers 8`; `#` begins a comment. Throws `bad_text` with the line it cannot read,
/// and where it finds none.
inline std::vector<mover_row> read_mover_rows(std::string_view text) {
  std::vector<mover_row> rows;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto words = detail::words_of(line);
    if (words.empty()) continue;
    mover_row row;
    if (!detail::read_row(words, row)) {
      throw bad_text{
          "the mover \"" + std::string{line} +
          "\" cannot be read; write up, down or swap, then nothing, decode or prefill, a size, and "
          "registers or ring with a number of thread blocks, or engine: up decode 16KiB ring 2"};
    }
    rows.push_back(row);
  }
  if (rows.empty())
    throw bad_text{"a recommendation of movers has no line; give one such as up nothing 16KiB ring 2"};
  return rows;
}

/// The line that is read as this row.
inline std::string text_of(const mover_row& row) {
  const auto named = [](const auto& names, auto value) {
    return std::string{names[static_cast<std::size_t>(value)]};
  };
  std::string text = named(detail::way_names, row.way) + " " + named(detail::beside_names, row.with) + " " +
                     format_size(row.bytes) + " " + named(detail::mover_names, row.by.what);
  if (row.by.what != moved_by::mover::engine) text += " " + std::to_string(row.by.ctas);
  return text;
}

}  // namespace cmm::kv
