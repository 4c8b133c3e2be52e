#pragma once

#include <string>
#include <string_view>

#include "../recipe_text.hpp"
#include "../sim/profiles.hpp"

namespace cmm::torch {

/// The C++ source of an allocator library for PyTorch: of a recipe's text, over "cuda" or over "sim:" and a
/// profile. Throws `bad_text` that says what is wrong with either.
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
  const std::string name = sim::find_profile(platform.substr(simulated.size())).name;
  return "#include <cmm/torch/sim.hpp>\nusing namespace "
         "cmm::literals;\nCMM_TORCH_ALLOCATOR_ON(cmm::torch::on_sim{\"" +
         name + "\"}, " + expression + ");\n";
}

}  // namespace cmm::torch
