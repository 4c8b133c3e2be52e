// expect: cmm: this bridge serves host code, and the recipe has memory that only a device can read
#include <cmm/bridge/std_allocator.hpp>
#include <cmm/cmm.hpp>

#ifdef CMM_CORRECTED
constexpr auto recipe = cmm::managed{} | cmm::spill{cmm::egm{}};
#else
constexpr auto recipe = cmm::managed{} | cmm::spill{cmm::device_pool{}};
#endif

int main() {
  auto memory = recipe.build(cmm::null_api{});
  (void)cmm::std_allocator<int, decltype(memory)>{memory};
}
