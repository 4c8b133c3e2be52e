#pragma once

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "../core/error.hpp"
#include "../core/whole_file.hpp"
#include "trace.hpp"

namespace cmm {

/// Writes a trace, whole or not at all: a header line, then `take ID BYTES STREAM DEVICE NS` and `free ID
/// STREAM DEVICE NS`, oldest first. Throws `std::runtime_error` where the file cannot be written.
inline void save_trace(const std::vector<trace_event>& log, const std::filesystem::path& path) {
  std::ostringstream file;
  file << "cmm trace 1\n";
  for (const trace_event& e : log) {
    if (e.bytes != 0) {
      file << "take " << e.id << ' ' << e.bytes;
    } else {
      file << "free " << e.id;
    }
    file << ' ' << e.stream << ' ' << e.device << ' ' << e.nanoseconds << '\n';
  }
  if (const std::string reason = detail::write_whole(path, file.str()); !reason.empty()) {
    throw std::runtime_error{"the trace could not be written to " + path.string() + " (" + reason +
                             "); name a file in a folder that exists, is writable and has room"};
  }
}

/// Reads a trace that `save_trace` wrote. Throws `bad_text` naming the file and the line that cannot be read.
inline std::vector<trace_event> load_trace(const std::filesystem::path& path) {
  std::ifstream file{path};
  if (!file)
    throw bad_text{"the trace " + path.string() + " cannot be opened; give the path of a saved trace"};
  std::string line;
  if (!std::getline(file, line) || line != "cmm trace 1") {
    throw bad_text{path.string() + " is no trace of this version; its first line must be \"cmm trace 1\""};
  }
  std::vector<trace_event> log;
  for (std::size_t number = 2; std::getline(file, line); ++number) {
    unsigned long long id = 0, bytes = 0, stream = 0, time = 0;
    int device = 0;
    int end = -1;
    const char* const text = line.c_str();
    std::sscanf(text, "take %llu %llu %llu %d %llu%n", &id, &bytes, &stream, &device, &time, &end);
    bool good = end == static_cast<int>(line.size()) && bytes != 0;
    if (!good) {
      bytes = 0;
      end = -1;
      std::sscanf(text, "free %llu %llu %d %llu%n", &id, &stream, &device, &time, &end);
      good = end == static_cast<int>(line.size());
    }
    if (!good || line.find('-') != std::string::npos) {
      throw bad_text{
          path.string() + ":" + std::to_string(number) + ": \"" + line +
          "\" is no trace line; it must read take ID BYTES STREAM DEVICE NS or free ID STREAM DEVICE NS"};
    }
    log.push_back({id, static_cast<std::size_t>(bytes), stream, device, time});
  }
  return log;
}

}  // namespace cmm
