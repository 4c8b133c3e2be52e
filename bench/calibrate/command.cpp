#include "command.hpp"

#include <cctype>
#include <cmm/core/error.hpp>
#include <cmm/core/whole_file.hpp>
#include <cmm/sim/profiles.hpp>
#include <cstdio>

#include "../profile/file.hpp"
#include "calibrate.hpp"

namespace cmm::bench {
namespace {

/// "NVIDIA H100 80GB HBM3" becomes "h100-80gb-hbm3".
std::string name_of(const std::string& gpu) {
  std::string name;
  for (const char c : gpu.starts_with("NVIDIA ") ? gpu.substr(7) : gpu) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!plain && !name.empty() && name.back() != '-') name += '-';
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  name = name.empty() ? "gpu" : name.substr(0, 50);
  return sim::is_built_in(name) ? name + "-measured" : name;
}

}  // namespace

std::string calibration_filter() {
  std::string filter;
  const auto add = [&](std::string_view row) {
    filter += filter.empty() ? "^(" : "|";
    for (const char c : row) {
      if (std::string_view{"+.()[]{}^$|?*\\"}.find(c) != std::string_view::npos) filter += '\\';
      filter += c;
    }
  };
  for (const sim::calibrated& each : sim::h200_pcie.calibration) add(each.row);
  for (const char* const row : {"bandwidth/what:device/engine:sm/op:read/memory:device/bytes:2GiB",
                                "bandwidth/what:h2d/engine:copy/op:copy/memory:pinned/bytes:256MiB",
                                "gemm/type:bf16/n:4096/operands:device/call:steady",
                                "gemm/type:fp8/n:4096/operands:device/call:steady",
                                "gemm/type:fp32/n:4096/operands:device/call:steady"}) {
    add(row);
  }
  return filter + ")$";
}

int write_profile(const std::vector<std::filesystem::path>& results, const std::filesystem::path& out,
                  std::string name) {
  const measured_runs run{results};
  if (name.empty()) name = name_of(run.fact("gpu"));
  check_profile_name(name);
  const calibration done = calibrate(run, name);
  const std::filesystem::path file = out / "profile.json";
  const std::string text = profile_text(*done.made);
  static_cast<void>(sim::parse_profile(text, file.string()));  // what cannot be read again is not written
  std::error_code failed;
  std::filesystem::create_directories(out, failed);
  if (const std::string reason = detail::write_whole(file, text); !reason.empty()) {
    throw bad_text{"the profile " + file.string() + " could not be written (" + reason +
                   "); name a folder that is writable and has room with --out"};
  }
  std::printf("calls of this host take %.2f times as long as on %s\n", done.host, done.base);
  for (const std::string& each : done.notes) std::printf("note: %s\n", each.c_str());
  for (const std::string& each : contradictions(*done.made)) std::printf("warning: %s\n", each.c_str());
  std::printf(
      "written: %s; cmm_bench --platform sim:%s predicts this machine, and tools/report --compare holds that "
      "against a run\n",
      file.c_str(), file.c_str());
  return 0;
}

}  // namespace cmm::bench
