#include <cmm/core/error.hpp>
#include <cmm/core/printable.hpp>
#include <cstdio>
#include <new>
#include <string_view>

#include "machine/sim_backend.hpp"
#include "on_cuda.hpp"
#include "options/command_line.hpp"
#include "run.hpp"

namespace {

int run(const engine::options& wanted) {
  constexpr std::string_view sim = "sim:";
  if (wanted.platform.starts_with(sim)) {
    engine::sim_backend on{wanted.platform.substr(sim.size())};
    return engine::run(on, wanted);
  }
  if (wanted.platform != "auto" && wanted.platform != "cuda")
    throw cmm::bad_text{"--platform is \"" + wanted.platform +
                        "\"; give auto, cuda, or sim:NAME such as sim:h200-pcie"};
  const std::string missing = engine::why_no_gpu();
  engine::options chosen = wanted;
  chosen.platform = missing.empty() ? "cuda" : "sim:h200-pcie";
  if (missing.empty()) return engine::run_on_cuda(chosen);
  if (wanted.platform == "cuda")
    throw cmm::bad_text{"no GPU can be used: " + missing + "; leave --platform out to simulate one"};
  std::fprintf(stderr, "engine: no GPU can be used (%s), so an H200 is simulated\n", missing.c_str());
  return run(chosen);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (engine::wants_help(argc, argv)) return engine::print_help(), 0;
    return run(engine::read_command_line(argc, argv));
  } catch (const cmm::bad_text& error) {
    std::fprintf(stderr, "engine: %s\n", error.what());
    return 2;
  } catch (const std::bad_alloc&) {
    std::fputs("engine: the memory of the host ran out; give fewer --requests, --samples or --slots\n",
               stderr);
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "engine: %s\n", cmm::detail::printable(error.what()).c_str());
    return 1;
  }
}
