// Reads a recommendation of tools/report and builds each recipe of it over simulated machines.
// usage: read_recommendation FILE; prints "USE: RECIPE" as the library reads it, for each line that has one.
//        read_recommendation --movers FILE; prints the movers of KV pages as the library reads them.
#include <cmm/kv/mover_text.hpp>
#include <cmm/recipe_text.hpp>
#include <cmm/sim.hpp>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>

using namespace cmm::literals;

namespace {

/// Allocates a block by the recipe and gives it back; throws where the machine refuses.
void try_on(const cmm::sim::profile& profile, const cmm::parsed_recipe& recipe) {
  cmm::sim::machine machine{profile};
  auto memory = recipe.build_any(cmm::sim::api{machine});
  const cmm::block block = memory.allocate(8_MiB);
  if (!block) throw cmm::bad_text{"the recipe gave no memory"};
  memory.deallocate(block);
}

/// Prints the movers that the file recommends.
int read_movers(const char* path) {
  std::ifstream file{path};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  try {
    for (const cmm::kv::mover_row& row : cmm::kv::read_mover_rows(text)) {
      std::printf("%s\n", cmm::kv::text_of(row).c_str());
    }
  } catch (const cmm::bad_text& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 3 && std::string{arguments[1]} == "--movers") return read_movers(arguments[2]);
  if (count != 2) return std::fprintf(stderr, "usage: read_recommendation FILE\n"), 2;
  std::ifstream file{arguments[1]};
  int recipes = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto colon = line.find(": ");
    try {
      const cmm::parsed_recipe recipe = cmm::parse_recipe(line.substr(colon + 2));
      for (const auto& profile : {cmm::sim::gh200_480, cmm::sim::gh200_480_egm, cmm::sim::h200_pcie}) {
        try_on(profile, recipe);
      }
      std::printf("%s: %s\n", line.substr(0, colon).c_str(), recipe.text().c_str());
      ++recipes;
    } catch (const std::exception& error) {
      return std::fprintf(stderr, "%s\n  in the line: %s\n", error.what(), line.c_str()), 1;
    }
  }
  if (recipes == 0) return std::fprintf(stderr, "%s has no recipe\n", arguments[1]), 1;
  return 0;
}
