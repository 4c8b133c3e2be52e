#include "run_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cmm/core/error.hpp>
#include <cmm/core/whole_file.hpp>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace cmm::bench {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// Keeps other runs out of the folder while it lives. A file system without locks goes without.
class alone_in {
 public:
  explicit alone_in(const fs::path& folder)
      : folder_{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)} {
    if (folder_ >= 0) (void)::flock(folder_, LOCK_EX);
  }
  ~alone_in() {
    if (folder_ >= 0) ::close(folder_);
  }
  alone_in(const alone_in&) = delete;
  alone_in& operator=(const alone_in&) = delete;

 private:
  int folder_;
};

std::string text_in(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// What a run is of, fit for a file name: "sim-gh200-480-quick".
std::string kind_of(const json& context) {
  if (!context.is_object()) return "damaged";
  const json machine = context.value("machine", json::object());
  const std::string platform = text_in(machine, "platform");
  std::string words = platform.starts_with("sim:") ? platform : text_in(machine, "gpu");
  if (words.empty()) words = platform.empty() ? "unnamed" : platform;
  if (context.value("quick", json{}) == true) words += "-quick";
  if (const json times = context.value("repetitions", json{}); times.is_number_integer() && times > 1) {
    words += "-" + times.dump() + "-repetitions";
  }
  std::string name;
  for (const char c : words.substr(0, 80)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.';
    if (plain || (!name.empty() && name.back() != '-')) name += plain ? c : '-';
  }
  return name;
}

/// Names in the order in which they are tried: BEFORE.KIND.json, BEFORE.KIND-2.json and so on.
fs::path numbered(const fs::path& folder, const std::string& before, const std::string& kind, int number) {
  return folder / (before + "." + kind + (number > 1 ? "-" + std::to_string(number) : "") + ".json");
}

bool is_there(const fs::path& path) {
  std::error_code ignored;  // what cannot be seen is not there
  return fs::exists(fs::symlink_status(path, ignored));
}

/// Gives a file a second name that nothing has yet; empty where that is impossible.
fs::path second_name(const fs::path& file, const std::string& kind) {
  constexpr int most = 10000;
  for (int number = 1; number < most; ++number) {
    const fs::path name = numbered(file.parent_path(), "results", kind, number);
    if (::link(file.c_str(), name.c_str()) == 0) return name;
    if (errno == EEXIST) continue;
    std::error_code failed;  // not every file system has links
    if (!is_there(name) && fs::copy_file(file, name, fs::copy_options::none, failed)) return name;
    return {};
  }
  return {};
}

bool written(const fs::path& path, const std::string& text) {
  const std::string reason = detail::write_whole(path, text);
  if (reason.empty()) return true;
  std::fprintf(
      stderr,
      "cmm_bench: %s could not be written (%s); name a folder that is writable and has room with --out\n",
      path.c_str(), reason.c_str());
  return false;
}

/// Why no file can be made beside `path`, or nothing; better known before hours of rows than after them.
std::string no_room_beside(const fs::path& path) {
  fs::path made;
  const int file = detail::new_file_beside(path, made);
  if (file < 0) return std::strerror(errno);
  ::close(file);
  ::unlink(made.c_str());
  return {};
}

}  // namespace

json read_results(const fs::path& path) {
  std::error_code failed;  // a named pipe would never end
  if (!fs::is_regular_file(fs::symlink_status(path, failed))) return nullptr;
  std::ifstream file{path};
  json read = json::parse(file, nullptr, false);
  const bool whole = read.is_object() && read.contains("context") && read["context"].is_object() &&
                     read.contains("benchmarks") && read["benchmarks"].is_array();
  if (!whole) return nullptr;
  const json& rows = read["benchmarks"];
  const bool named =
      std::all_of(rows.begin(), rows.end(), [](const json& row) { return !text_in(row, "name").empty(); });
  return named ? read : json{};
}

bool same_run(const json& other, const json& mine) {
  for (const char* key : {"schema", "cmm_version", "quick", "repetitions", "machine", "trace"}) {
    if (other.value(key, json{}) != mine.value(key, json{})) return false;
  }
  return true;
}

run_files::run_files(fs::path folder, const json& context) : folder_{std::move(folder)}, context_(context) {
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed) {
    throw bad_text{"the folder " + folder_.string() + " cannot be made (" + failed.message() +
                   "); give another one with --out"};
  }
  const fs::path results = folder_ / "results.json";
  std::string reason = detail::no_place_for_a_file(results);
  if (reason.empty()) reason = no_room_beside(results);
  if (!reason.empty()) {
    throw bad_text{"the results cannot be written to " + results.string() + ": " + reason +
                   "; give another folder with --out"};
  }
}

fs::path run_files::partial() const {
  fs::path name = folder_ / "results.partial.json";
  for (int number = 1; is_there(name); ++number) {
    const json found = read_results(name);
    if (found.is_object() && same_run(found["context"], context_)) break;
    name = numbered(folder_, "results.partial", kind_of(context_), number);
  }
  return name;
}

bool run_files::write_partial(const std::string& text) const {
  const alone_in folder{folder_};
  return written(partial(), text);
}

void run_files::remove_partial() const {
  const alone_in folder{folder_};
  std::error_code ignored;  // a short run never wrote one
  fs::remove(partial(), ignored);
}

/// Whether results.json may be written anew; what it holds has got a second name where it must be kept.
bool run_files::makes_room(const std::function<bool(const std::string&)>& has) const {
  const fs::path results = folder_ / "results.json";
  if (!is_there(results)) return true;
  if (!detail::no_place_for_a_file(results).empty()) return false;
  const json old = read_results(results);
  const bool same = old.is_object() && same_run(old["context"], context_);
  if (same && std::all_of(old["benchmarks"].begin(), old["benchmarks"].end(),
                          [&](const json& row) { return has(text_in(row, "name")); })) {
    return true;
  }
  const fs::path kept =
      second_name(results, same ? "previous" : kind_of(old.is_object() ? old["context"] : json{}));
  if (kept.empty()) return false;
  const char* const why = same              ? "which have other rows,"
                          : old.is_object() ? "which are of another run,"
                                            : "which are damaged,";
  std::printf("the results of before, %s are kept in %s\n", why, kept.c_str());
  return true;
}

fs::path run_files::write(const std::string& text, const std::function<bool(const std::string&)>& has) const {
  const alone_in folder{folder_};
  fs::path name = folder_ / "results.json";
  if (!makes_room(has)) {
    for (int number = 1; is_there(name); ++number)
      name = numbered(folder_, "results", kind_of(context_), number);
  }
  return written(name, text) ? name : fs::path{};
}

}  // namespace cmm::bench
