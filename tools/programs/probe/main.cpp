#include <CLI/CLI.hpp>
#include <cmm/core/printable.hpp>
#include <cmm/platform.hpp>
#include <cstdio>
#include <string>

#include "options.hpp"
#include "record.hpp"
#include "this_machine.hpp"

namespace {

using cmm::probe::options;

constexpr const char* about =
    "Tells what memory this machine has, how much of it each source of cmm reaches, how each fact is known, "
    "and "
    "what that means.";
constexpr const char* footer =
    "Reads /proc, /sys, CUDA and NVML and changes nothing; --verify allocates memory for a moment. A "
    "recorded "
    "folder holds no host names, serial numbers, UUIDs or MAC addresses.";

int print(const cmm::platform::description& known, bool json) {
  const std::string text = json ? cmm::platform::to_json(known) : to_text(known);
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    std::fprintf(stderr, "cmm_probe: the output could not be written; check that its place has room\n");
    return 1;
  }
  return 0;
}

int run(const options& wanted, bool of_folder) {
  if (of_folder) {
    if (wanted.verify) {
      throw cmm::bad_text{
          "--verify tries this machine out, and --root reads a recorded one; leave one of them out"};
    }
    cmm::probe::recorded machine{wanted.root};
    // A folder of an older probe does not tell, so what is set here stands in.
    if (!machine.known.has_environment) machine.known.given.environment = cmm::platform::memory_variables();
    const auto known = cmm::platform::describe(machine.files, machine.known.given);
    if (!wanted.record.empty()) cmm::probe::record(wanted.record, machine.files, machine.known.given);
    return print(known, wanted.json);
  }
  cmm::platform::files files;
  const cmm::platform::answers given = cmm::probe::ask_this_machine();
  auto known = cmm::platform::describe(files, given);
  if (!wanted.record.empty()) cmm::probe::record(wanted.record, files, given);
  if (wanted.verify) cmm::probe::verify_this_machine(known, wanted.max_managed);
  return print(known, wanted.json);
}

}  // namespace

int main(int argc, char** argv) {
  options wanted;
  std::string max_managed;
  CLI::App app{about, "cmm_probe"};
  app.footer(footer);
  app.add_flag("--json", wanted.json, "print JSON");
  app.add_flag("--verify", wanted.verify,
               "allocate in each tier, touch it with the GPU, and look where it is");
  app.add_option("--max-managed", max_managed,
                 "what --verify allocates at once: 256MiB unless said otherwise, never more than 8GiB or a "
                 "quarter of what is free");
  app.add_option("--root", wanted.root, "describe the machine recorded in this folder");
  app.add_option("--record", wanted.record, "write this new folder, for --root and to send to others");
  try {
    app.parse(argc, argv);
    if (!max_managed.empty()) wanted.max_managed = cmm::parse_size(max_managed);
    if (wanted.max_managed < cmm::parse_size("2MiB") || wanted.max_managed > options::most_managed) {
      throw cmm::bad_text{"--max-managed is " + max_managed + "; give a size from 2MiB to 8GiB"};
    }
    for (const char* name : {"--root", "--record"}) {
      if (app.count(name) != 0 && app.get_option(name)->as<std::string>().empty()) {
        throw cmm::bad_text{std::string{name} + " is empty; name a folder"};
      }
    }
    return run(wanted, app.count("--root") != 0);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    std::fprintf(stderr, "cmm_probe: %s; see --help\n", cmm::detail::printable(error.what()).c_str());
    return 2;
  } catch (const cmm::bad_text& error) {
    std::fprintf(stderr, "cmm_probe: %s\n", cmm::detail::printable(error.what()).c_str());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cmm_probe: %s\n", cmm::detail::printable(error.what()).c_str());
    return 1;
  }
}
