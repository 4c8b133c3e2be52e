#include <cmm/cmm.hpp>
#include <cstdlib>
#include <string_view>

#include "by_hand.hpp"

using namespace cmm::literals;

// As a program would use either: one function takes a block, another gives it back.
template <class Memory>
[[gnu::noinline]] cmm::block take(Memory& memory, std::size_t bytes, cmm::stream s) {
  return memory.allocate({.bytes = bytes, .stream = s});
}
template <class Memory>
[[gnu::noinline]] void give(Memory& memory, cmm::block b, cmm::stream s) {
  memory.deallocate(b, s);
}
template <class Memory>
void counted_pairs(Memory& memory, int pairs, std::size_t bytes, cmm::stream s) {
  for (int i = 0; i < pairs; ++i) give(memory, take(memory, bytes, s), s);
}

/// pairs SIDE CASE COUNT BYTES, where SIDE is hand or library, CASE threshold or limit.
int main(int argc, char** argv) {
  if (argc != 5) return EXIT_FAILURE;
  const bool by_library = argv[1] == std::string_view{"library"};
  const bool limited = argv[2] == std::string_view{"limit"};
  const int pairs = std::atoi(argv[3]);
  const std::size_t bytes = std::strtoul(argv[4], nullptr, 10);
  int place = 0;
  const cmm::stream s{&place};
  // What a program reads at run time, neither side may fold: the settings pass through a volatile.
  volatile std::size_t setting = limited ? 64_GiB : 2_GiB;

  if (by_library && limited) {
    auto memory = cmm::build(
        cmm::managed{} | cmm::prefer{} | cmm::accessed_by{} | cmm::prefetch{} | cmm::limit{.bytes = setting},
        opaque_api{});
    counted_pairs(memory, pairs, bytes, s);
  } else if (by_library) {
    auto memory = cmm::build(cmm::managed{} | cmm::threshold_prefetch{.below = setting}, opaque_api{});
    counted_pairs(memory, pairs, bytes, s);
  } else if (limited) {
    by_hand::limited_memory memory{setting};
    counted_pairs(memory, pairs, bytes, s);
  } else {
    by_hand::threshold_memory memory{setting};
    counted_pairs(memory, pairs, bytes, s);
  }
}
