#pragma once

#include <vector>

#include "loop/measured.hpp"
#include "loop/request.hpp"
#include "options/options.hpp"

namespace engine {

/// A run: what was asked for and what it took.
struct ran {
  options how;
  measured results;
};

void print(const options& how, const measured& results);

/// Throws `cmm::bad_text` where `how.json` cannot be written, which is better known before the first run.
void check_place(const options& how);

/// Writes all runs to `how.json`, if that is wanted, whole or not at all. Throws `cmm::bad_text`.
void save(const options& how, const std::vector<ran>& runs);

/// Says whether two runs have answered the same, bit by bit; 0 if so.
int compare(const std::vector<answer>& got, const std::vector<answer>& expected);

}  // namespace engine
