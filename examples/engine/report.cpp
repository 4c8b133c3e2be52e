#include "report.hpp"

#include <unistd.h>

#include <cerrno>
#include <cmm/core/error.hpp>
#include <cmm/core/printable.hpp>
#include <cmm/core/whole_file.hpp>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>

namespace engine {
namespace {

constexpr double ms = 1e3, mib = 1.0 / (1 << 20);

std::string line(const ran& each) {
  const measured& r = each.results;
  char text[768];
  std::snprintf(
      text, sizeof text,
      R"({"placement": "%s", "context": %d, "live_over_hbm": %.4g, "page_tokens": %d, "page_bytes": %zu, "slots": %d, )"
      R"("fast": %d, "batch": %d, "reads": %g, "steps": %zu, "tokens": %zu, "seconds": %.9g, )"
      R"("tokens_per_second": %.9g, "decoded_per_second": %.9g, "p50": %.9g, "p95": %.9g, )"
      R"("p99": %.9g, "remote_share": %.6g, "bytes_up": %llu, "bytes_down": %llu, )"
      R"("avoided": %llu, "preempted": %zu})",
      each.how.placement.c_str(), each.how.prompt.most,
      each.how.hbm() == 0 ? 0.0 : double(each.how.batch) * each.how.longest() / each.how.hbm(), each.how.page,
      r.counted().page_bytes, each.how.slots, each.how.fast(), each.how.batch, each.how.reads, r.steps(),
      r.said(), r.seconds(), r.tokens_per_second(), r.decoded_per_second(), r.percentile(0.5),
      r.percentile(0.95), r.percentile(0.99), r.remote_share(),
      static_cast<unsigned long long>(r.counted().bytes_up()),
      static_cast<unsigned long long>(r.counted().bytes_down()),
      static_cast<unsigned long long>(r.counted().avoided), r.preempted());
  return text;
}

[[noreturn]] void refuse_place(const options& how, const std::string& why) {
  throw cmm::bad_text{"the results cannot be written to " + cmm::detail::printable(how.json.string()) + ": " +
                      why + "; give --json another place"};
}

}  // namespace

void print(const options& how, const measured& r) {
  const cmm::kv::counters& c = r.counted();
  std::printf("%s: %d of %d pages of %zu bytes in HBM\n", how.placement.c_str(), how.fast(), how.slots,
              c.page_bytes);
  std::printf("  %.1f tokens/s in all, %.1f while decoding; %zu tokens said, %zu computed, %zu steps\n",
              r.tokens_per_second(), r.decoded_per_second(), r.said(), r.computed(), r.steps());
  std::printf("  a decoding step: p50 %.3f ms, p95 %.3f ms, p99 %.3f ms\n", r.percentile(0.5) * ms,
              r.percentile(0.95) * ms, r.percentile(0.99) * ms);
  std::printf("  read beyond HBM: %.1f %% of pages; moved %.1f MiB up, %.1f MiB down; %zu preempted\n",
              100 * r.remote_share(), static_cast<double>(c.bytes_up()) * mib,
              static_cast<double>(c.bytes_down()) * mib, r.preempted());
}

void check_place(const options& how) {
  if (how.json.empty()) return;
  std::string why = cmm::detail::no_place_for_a_file(how.json);
  if (why.empty()) {
    std::filesystem::path made;
    const int file = cmm::detail::new_file_beside(how.json, made);
    if (file < 0) {
      why = std::strerror(errno);
    } else {
      ::close(file);
      ::unlink(made.c_str());
    }
  }
  if (!why.empty()) refuse_place(how, why);
}

void save(const options& how, const std::vector<ran>& runs) {
  if (how.json.empty()) return;
  std::string text = R"({"platform": ")" + how.platform + "\", \"runs\": [";
  for (std::size_t i = 0; i < runs.size(); ++i) text += (i == 0 ? "\n  " : ",\n  ") + line(runs[i]);
  const std::string why = cmm::detail::write_whole(how.json, text + "\n]}\n");
  if (!why.empty()) refuse_place(how, why);
}

int compare(const std::vector<answer>& got, const std::vector<answer>& expected) {
  std::size_t different = 0;
  for (std::size_t i = 0; i < got.size(); ++i) different += !(got[i] == expected[i]);
  if (different == 0) {
    std::printf("check: all %zu answers are those of the plainest run, everything in HBM, bit by bit\n",
                got.size());
    return 0;
  }
  std::fprintf(stderr,
               "engine: %zu of %zu answers differ from those of the plainest run, with everything in HBM\n",
               different, got.size());
  return 1;
}

}  // namespace engine
