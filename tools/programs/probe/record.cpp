#include "record.hpp"

#include <cmm/core/error.hpp>
#include <cmm/core/whole_file.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <system_error>

namespace cmm::probe {
namespace {

namespace fs = std::filesystem;

attributes read_attributes(const fs::path& folder) {
  std::error_code failed;
  if (!fs::is_directory(folder, failed)) {
    throw bad_text{"--root names \"" + folder.string() +
                   "\", which is no folder; give one that tools/probe --record wrote"};
  }
  const fs::path path = folder / "attributes.json";
  // Opening a pipe would wait for ever, and a link of strangers may lead anywhere.
  const auto type = fs::symlink_status(path, failed).type();
  if (type == fs::file_type::not_found) {
    attributes none;
    none.has_environment = false;
    none.given.no_cuda = none.given.no_nvml = "the folder has no attributes.json";
    return none;
  }
  std::ifstream file;
  if (type == fs::file_type::regular) file.open(path, std::ios::binary);
  if (!file.is_open()) {
    throw bad_text{path.string() + " cannot be read as a file; check what it is and its permissions"};
  }
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  return parse_attributes(text, path.string());
}

[[noreturn]] void refuse(const fs::path& folder, const std::string& reason) {
  throw bad_text{"the folder \"" + folder.string() + "\" of --record cannot be written (" + reason +
                 "); name one in a folder that exists, is writable and has room"};
}

/// A folder that is removed with all in it, unless it got its name.
class partial_folder {
 public:
  explicit partial_folder(fs::path final_name)
      : final_{std::move(final_name)}, path_{final_.string() + ".partial"} {
    if (!fs::create_directory(path_)) {
      throw fs::filesystem_error{"it is left from another run; remove it", path_,
                                 std::make_error_code(std::errc::file_exists)};
    }
  }
  ~partial_folder() {
    std::error_code ignored;  // nothing more can be done about it
    if (!done_) fs::remove_all(path_, ignored);
  }
  partial_folder(const partial_folder&) = delete;
  partial_folder& operator=(const partial_folder&) = delete;

  [[nodiscard]] const fs::path& path() const noexcept { return path_; }
  void finish() {
    fs::rename(path_, final_);
    done_ = true;
  }

 private:
  fs::path final_;
  fs::path path_;
  bool done_ = false;
};

}  // namespace

recorded::recorded(const fs::path& folder)
    : known{read_attributes(folder)}, files{folder, known.unreadable} {}

void record(const fs::path& folder, const platform::files& read, const platform::answers& given) {
  try {
    const fs::path whole = fs::absolute(folder).lexically_normal();
    const fs::path name = whole.has_filename() ? whole : whole.parent_path();
    if (fs::exists(name)) {
      throw bad_text{"--record names \"" + folder.string() + "\", which exists; name a new folder"};
    }
    partial_folder made{name};
    const auto write = [&](const fs::path& path, const std::string& text) {
      fs::create_directories(path.parent_path());
      if (const std::string reason = detail::write_whole(path, text); !reason.empty()) refuse(folder, reason);
    };
    for (const auto& [path, text] : read.contents()) {
      write(made.path() / fs::path{platform::scrubbed(path)}.relative_path(), text);
    }
    std::map<std::string, std::string> unreadable;
    for (const auto& [path, why] : read.unreadable()) unreadable[platform::scrubbed(path)] = why;
    write(made.path() / "attributes.json", to_json(attributes{given, unreadable}));
    made.finish();
  } catch (const fs::filesystem_error& error) {
    refuse(folder, error.code().message());
  }
}

}  // namespace cmm::probe
