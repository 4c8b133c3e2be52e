#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "../profile/file.hpp"
#include "../recipe_text.hpp"

namespace cmm::torch {

namespace detail {

/// The text as a literal of C++. Throws `bad_text` where it goes over the end of a line.
inline std::string cpp_text(std::string_view text) {
  std::string literal = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20)
      throw bad_text{"no name of a file goes over more than one line"};
    if (c == '"' || c == '\\') literal += '\\';
    literal += c;
  }
  return literal + '"';
}

}  // namespace detail

/// The C++ source of an allocator library for PyTorch: of a recipe's text, over "cuda" or over "sim:" and the
/// name or the file of a profile, which the library reads when it is loaded. Throws `bad_text` that says what
/// is wrong with either.
inline std::string source_text(std::string_view recipe, std::string_view platform) {
  constexpr std::string_view simulated = "sim:";
  const std::string expression = parse_recipe(recipe).cpp();
  if (platform == "cuda") {
    return "#include <cmm/torch.hpp>\nusing namespace cmm::literals;\nCMM_TORCH_ALLOCATOR(" + expression +
           ");\n";
  }
  if (!platform.starts_with(simulated)) {
    throw bad_text{"the platform " + cmm::detail::quoted(platform) +
                   " is unknown; write cuda, or sim: and a profile, such as sim:gh200-480"};
  }
  const std::string_view what = platform.substr(simulated.size());
  static_cast<void>(sim::find_machine(what));
  const std::string profile =
      what.ends_with(".json") ? std::filesystem::absolute(what).string() : std::string{what};
  return "#include <cmm/torch/sim.hpp>\nusing namespace "
         "cmm::literals;\nCMM_TORCH_ALLOCATOR_ON(cmm::torch::on_sim{" +
         detail::cpp_text(profile) + "}, " + expression + ");\n";
}

}  // namespace cmm::torch
