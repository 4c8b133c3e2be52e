#pragma once

#include <cstdint>
#include <string>

#include "answers.hpp"
#include "evidence.hpp"
#include "files.hpp"
#include "lines.hpp"

namespace cmm::platform {

/// The page sizes of the host, in bytes.
struct page_sizes {
  fact<std::uint64_t> base = unknown{};
  fact<std::string> transparent_huge = unknown{};  ///< "always", "madvise" or "never"
  fact<std::uint64_t> transparent_huge_bytes = unknown{};
};

/// From what the program was told and `/sys/kernel/mm`.
inline page_sizes read_page_sizes(files& from, const answers& given) {
  page_sizes known;
  if (given.page_bytes) {
    known.base = reported(static_cast<std::uint64_t>(*given.page_bytes), "sysconf(_SC_PAGESIZE)");
  } else {
    known.base = unknown{"the page size was not recorded"};
  }
  const std::string mode = "/sys/kernel/mm/transparent_hugepage/enabled";
  const std::string size = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size";
  known.transparent_huge = unknown{mode + " is missing"};
  if (const auto line = from.line(mode)) {
    const auto open = line->find('[');
    const auto close = line->find(']');
    if (open != std::string::npos && close != std::string::npos && open < close) {
      known.transparent_huge = reported(line->substr(open + 1, close - open - 1), mode);
    } else {
      known.transparent_huge = unknown{mode + " marks no choice"};
    }
  }
  known.transparent_huge_bytes = unknown{size + " is missing"};
  if (const auto line = from.line(size)) {
    if (const auto bytes = number(*line)) known.transparent_huge_bytes = reported(*bytes, size);
  }
  return known;
}

}  // namespace cmm::platform
