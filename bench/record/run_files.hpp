#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace cmm::bench {

/// Results that can be read: an object with a context and rows, each with a name. Null where a file has none.
nlohmann::json read_results(const std::filesystem::path& path);

/// Whether rows of a run with one context can stand beside rows of a run with the other.
bool same_run(const nlohmann::json& other, const nlohmann::json& mine);

/// Where a run writes in the folder of its results. What a run of another kind has left there is never lost,
/// also where several runs share the folder: it keeps its name, or gets one that tells what it is of.
class run_files {
 public:
  /// Makes the folder. Throws `bad_text` when it cannot be made, or when its results.json is no regular file.
  run_files(std::filesystem::path folder, const nlohmann::json& context);

  /// The partial results of a run of this kind, which it has left or will leave.
  [[nodiscard]] std::filesystem::path partial() const;
  /// Writes the partial results. Returns whether it could; if not, it has said why.
  bool write_partial(const std::string& text) const;
  void remove_partial() const;

  /// Writes the results. Older ones are kept under another name, unless they are of the same kind of run and
  /// `has` all their rows. Returns where the new ones are, or an empty path when it has said why they are
  /// not.
  [[nodiscard]] std::filesystem::path write(const std::string& text,
                                            const std::function<bool(const std::string&)>& has) const;

 private:
  [[nodiscard]] bool makes_room(const std::function<bool(const std::string&)>& has) const;

  std::filesystem::path folder_;
  nlohmann::json context_;
};

}  // namespace cmm::bench
