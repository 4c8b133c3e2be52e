// expect: cmm: std_allocator has two types
#include <cmm/bridge/std_allocator.hpp>
#include <cmm/cmm.hpp>

void use() {
  auto memory = cmm::build(cmm::managed{} | cmm::pool{}, cmm::null_api{});
#ifdef CMM_CORRECTED
  cmm::std_allocator<float, decltype(memory)> numbers{memory};
#else
  cmm::std_allocator<float> numbers{memory};
#endif
}
