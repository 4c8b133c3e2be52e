#pragma once

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "lines.hpp"
#include "scrub.hpp"

namespace cmm::platform {

/// Reads `/proc` and `/sys` of this machine, or of one recorded in a folder, and keeps what it read.
///
/// A file that is missing or cannot be read is no error: `read` gives nothing and `why_not` the reason. What
/// could name a person or a machine is replaced while reading. Paths are absolute, as on the machine.
class files {
 public:
  /// `unreadable` holds the files that could not be read when the folder was recorded, and why.
  explicit files(std::filesystem::path root = "/", std::map<std::string, std::string> unreadable = {})
      : root_{std::move(root)}, unreadable_{std::move(unreadable)} {}

  /// A machine whose files are these and no others.
  static files of(std::map<std::string, std::string> contents) {
    files made{nowhere};
    made.contents_ = std::move(contents);
    return made;
  }

  std::optional<std::string> read(const std::string& path) {
    if (const auto known = contents_.find(path); known != contents_.end()) return known->second;
    if (unreadable_.contains(path)) return std::nullopt;
    if (!within(path)) {
      unreadable_[path] = "it leads out of the folder";
      return std::nullopt;
    }
    std::string text;
    const int error = load(path, text);
    if (error == 0) return contents_[path] = scrubbed(std::move(text));
    if (error != ENOENT && error != ENOTDIR) unreadable_[path] = std::strerror(error);
    return std::nullopt;
  }

  /// The same with the names in it, for text that leads to other files. What is kept of it has none.
  std::optional<std::string> read_with_names(const std::string& path) {
    if (!read(path)) return std::nullopt;
    if (std::string text; load(path, text) == 0) return text;
    return read(path);
  }

  /// The lines that are asked for, with the names in them; of the others nothing is kept.
  std::optional<std::string> read_lines(const std::string& path, auto&& wanted) {
    const std::optional<std::string> text = read_with_names(path);
    if (!text) return std::nullopt;
    std::string asked;
    each_line(*text, [&](std::string_view line) {
      if (wanted(line)) asked += std::string{line} + '\n';
    });
    contents_[path] = scrubbed(asked);
    return asked;
  }

  /// The text of a one-line file without the end of its line.
  std::optional<std::string> line(const std::string& path) {
    std::optional<std::string> text = read(path);
    if (text) text->resize(std::min(text->find('\n'), text->size()));
    return text;
  }

  /// Whether the file is there; its content is not looked at and will be recorded as empty.
  bool exists(const std::string& path) {
    if (contents_.contains(path)) return true;
    std::error_code failed;
    const bool there = within(path) && std::filesystem::is_regular_file(place(path), failed);
    if (there) contents_.try_emplace(path);
    return there;
  }

  /// The numbers that follow `prefix` in the names of a folder, in order.
  [[nodiscard]] std::vector<int> numbered(const std::string& folder, std::string_view prefix) const {
    std::set<int> found;
    const auto take = [&](std::string_view name) {
      int number = 0;
      const std::string_view digits = name.substr(std::min(prefix.size(), name.size()));
      const char* const last = digits.data() + digits.size();
      const auto [stop, error] = std::from_chars(digits.data(), last, number);
      if (name.starts_with(prefix) && error == std::errc{} && stop == last && number >= 0)
        found.insert(number);
    };
    std::error_code failed;
    const std::filesystem::path listed = within(folder) ? place(folder) : nowhere;
    for (std::filesystem::directory_iterator at{listed, failed}, end; !failed && at != end;
         at.increment(failed)) {
      take(at->path().filename().string());
    }
    for (const auto& [path, text] : contents_) {
      if (path.starts_with(folder + '/')) {
        const std::string_view below = std::string_view{path}.substr(folder.size() + 1);
        take(below.substr(0, below.find('/')));
      }
    }
    return {found.begin(), found.end()};
  }

  /// Why `read` gave nothing, as the end of a sentence: "/proc/iomem is missing".
  [[nodiscard]] std::string why_not(const std::string& path) const {
    const auto reason = unreadable_.find(path);
    return reason == unreadable_.end() ? path + " is missing"
                                       : path + " cannot be read (" + reason->second + ")";
  }

  /// All that was read so far, by path.
  [[nodiscard]] const std::map<std::string, std::string>& contents() const noexcept { return contents_; }
  [[nodiscard]] const std::map<std::string, std::string>& unreadable() const noexcept { return unreadable_; }

 private:
  static constexpr const char* nowhere = "/proc/none";

  // No file of interest is larger; a recorded folder comes from strangers.
  static constexpr std::size_t most = std::size_t{4} << 20;

  [[nodiscard]] std::filesystem::path place(const std::string& path) const {
    return root_ / std::filesystem::path{path}.relative_path();
  }

  /// Whether a path is inside the folder. A folder of strangers may lead elsewhere by links and by "..".
  [[nodiscard]] bool within(const std::string& path) const {
    const std::filesystem::path wanted{path};
    if (std::find(wanted.begin(), wanted.end(), "..") != wanted.end()) return false;
    if (root_ == "/" || root_ == nowhere) return true;
    std::error_code failed;
    const auto root = std::filesystem::weakly_canonical(root_, failed);
    const auto real = failed ? root : std::filesystem::weakly_canonical(place(path), failed);
    if (failed) return false;
    return std::mismatch(root.begin(), root.end(), real.begin(), real.end()).first == root.end();
  }

  [[nodiscard]] int load(const std::string& path, std::string& text) const {
    std::error_code failed;
    const auto type = std::filesystem::status(place(path), failed).type();
    if (type == std::filesystem::file_type::not_found) return ENOENT;
    if (failed) return failed.value();
    if (type != std::filesystem::file_type::regular) return EINVAL;
    const auto close = [](std::FILE* file) { std::fclose(file); };
    const std::unique_ptr<std::FILE, decltype(close)> file{std::fopen(place(path).c_str(), "re"), close};
    if (file == nullptr) return errno;
    char part[4096];
    while (const std::size_t got = std::fread(part, 1, sizeof part, file.get())) {
      text.append(part, got);
      if (text.size() > most) return EFBIG;
    }
    return std::ferror(file.get()) != 0 ? EIO : 0;
  }

  std::filesystem::path root_;
  std::map<std::string, std::string> contents_;
  std::map<std::string, std::string> unreadable_;
};

}  // namespace cmm::platform
