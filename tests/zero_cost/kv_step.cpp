#include <cmm/kv.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

using namespace cmm;

namespace {

bool counts = false;
std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t bytes) {
  allocations += counts;
  if (void* const got = std::malloc(bytes)) return got;
  throw std::bad_alloc{};
}
void operator delete(void* data) noexcept { std::free(data); }
void operator delete(void* data, std::size_t) noexcept { std::free(data); }

/// kv_step PAGES STEPS CHANGED: steps in which so many pages are given back and as many idle ones are read
/// again, of which all come from beyond HBM, with a block table kept up. Prints how often a step allocated.
int main(int argc, char** argv) {
  if (argc != 4) return EXIT_FAILURE;
  const auto pages = static_cast<std::int32_t>(std::atoi(argv[1]));
  const int steps = std::atoi(argv[2]);
  const auto changed = static_cast<std::int32_t>(std::atoi(argv[3]));

  kv::residency<> residency{pages, pages / 4, 65536};
  std::vector<std::int32_t> all, hits(static_cast<std::size_t>(changed)), idle;
  for (std::int32_t page = 1; page < pages; ++page) all.push_back(page);
  static_cast<void>(residency.step({.fresh = all}));
  static_cast<void>(residency.step({.idle = all}));
  std::int32_t next = pages / 4;
  for (int i = 0; i < steps; ++i) {
    for (std::int32_t& page : hits) {
      page = next;
      next = next + 1 < pages ? next + 1 : 1;
    }
    counts = true;
    static_cast<void>(residency.step({.idle = idle, .hits = hits}));
    counts = false;
    idle = hits;
  }
  std::printf("%zu allocations, %llu pages up\n", allocations,
              static_cast<unsigned long long>(residency.counters().pages_up));
}
