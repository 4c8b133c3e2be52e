#pragma once

#include "options.hpp"

namespace engine {

/// Reads the command line into options, and checks that they fit together. Throws `cmm::bad_text`, one
/// sentence about the first wrong value.
options read_command_line(int argc, char** argv);

/// Whether one of the arguments asks for help.
bool wants_help(int argc, char** argv);

void print_help();

}  // namespace engine
