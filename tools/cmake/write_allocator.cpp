// Writes the source of an allocator library: write_allocator RECIPE PLATFORM FILE

#include <cmm/core/whole_file.hpp>
#include <cmm/torch/source_text.hpp>
#include <cstdio>
#include <exception>

int main(int count, char** arguments) {
  if (count != 4) {
    std::fputs("usage: write_allocator RECIPE PLATFORM FILE\n", stderr);
    return 2;
  }
  try {
    const std::string text = cmm::torch::source_text(arguments[1], arguments[2]);
    const std::string reason = cmm::detail::write_whole(arguments[3], text);
    if (reason.empty()) return 0;
    std::fprintf(stderr, "%s cannot be written (%s); name a file in a folder that is writable and has room\n",
                 arguments[3], reason.c_str());
  } catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s\n", wrong.what());
  }
  return 1;
}
