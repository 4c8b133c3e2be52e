#include <cmm/cmm.hpp>
#include <cstdio>

using namespace cmm::literals;

int main() {
  constexpr auto recipe = cmm::managed{} | cmm::threshold_prefetch{.below = 1_GiB} | cmm::limit{4_GiB};
  std::puts(cmm::to_text(recipe).c_str());
}
