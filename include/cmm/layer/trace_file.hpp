#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/number.hpp"
#include "../core/units.hpp"
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

namespace detail {

/// Reads the lines of a trace one after the other; each error names the file and the line.
class trace_reader {
 public:
  explicit trace_reader(std::string file) : file_{std::move(file)} {}

  trace_event next(const std::string& line) {
    ++number_;
    trace_event e;
    std::string_view rest = line;
    const bool takes = rest.starts_with("take ");
    if (!takes && !rest.starts_with("free ")) refuse(line, what_stands_there);
    rest.remove_prefix(5);
    const bool read = field(rest, e.id) && (!takes || field(rest, e.bytes)) && field(rest, e.stream) &&
                      field(rest, e.device) && field(rest, e.nanoseconds);
    if (!read || !rest.empty() || line.ends_with(' ')) refuse(line, what_stands_there);
    if (takes) {
      take(line, e);
    } else {
      free(line, e);
    }
    return e;
  }

 private:
  static constexpr const char* what_stands_there =
      "is no trace line; it must read take ID BYTES STREAM DEVICE NS or free ID STREAM DEVICE NS, with "
      "numbers "
      "from 0 to 2^64 - 1, and to 2^31 - 1 for a device";

  [[noreturn]] void refuse(const std::string& line, const std::string& why) const {
    throw bad_text{file_ + ":" + std::to_string(number_) + ": \"" + line + "\" " + why};
  }

  /// Reads the number up to the next space and drops both.
  template <class Number>
  static bool field(std::string_view& rest, Number& out) {
    const std::size_t space = rest.find(' ');
    const bool read = read_number(rest.substr(0, space), out);
    rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
    return read;
  }

  void take(const std::string& line, const trace_event& e) {
    if (e.bytes == 0) refuse(line, "takes a block of 0 bytes; record the trace again");
    if (!blocks_.try_emplace(e.id, e.bytes).second) {
      refuse(
          line,
          "takes a block that was taken before; each block has an id of its own, so record the trace again");
    }
    if (e.bytes > no_limit - live_) refuse(line, "has more live at once than an address space holds");
    live_ += e.bytes;
  }
  void free(const std::string& line, const trace_event& e) {
    const auto found = blocks_.find(e.id);
    if (found == blocks_.end() || found->second == 0) {
      refuse(line, "frees a block that is not live; record the trace again");
    }
    live_ -= std::exchange(found->second, 0);
  }

  std::string file_;
  std::size_t number_ = 1;                                 ///< the header was the first line
  std::unordered_map<std::uint64_t, std::size_t> blocks_;  ///< bytes, 0 of those freed again
  std::size_t live_ = 0;
};

}  // namespace detail

/// Reads a trace that `save_trace` wrote. Throws `bad_text` naming the file and the line that cannot be read,
/// takes a block a second time or frees one that is not live.
inline std::vector<trace_event> load_trace(const std::filesystem::path& path) {
  std::error_code failed;  // a named pipe or a device would never end
  const std::filesystem::file_type type = std::filesystem::status(path, failed).type();
  if (type != std::filesystem::file_type::regular && type != std::filesystem::file_type::not_found) {
    throw bad_text{path.string() + " is no regular file; give the path of a saved trace"};
  }
  std::ifstream file{path};
  if (!file)
    throw bad_text{"the trace " + path.string() + " cannot be opened; give the path of a saved trace"};
  std::string line;
  if (!std::getline(file, line) || line != "cmm trace 1") {
    throw bad_text{path.string() + " is no trace of this version; its first line must be \"cmm trace 1\""};
  }
  std::vector<trace_event> log;
  detail::trace_reader reader{path.string()};
  while (std::getline(file, line)) log.push_back(reader.next(line));
  return log;
}

}  // namespace cmm
