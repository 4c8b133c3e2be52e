// expect: cmm: it hands out blocks, so it is not const
#include <cmm/cmm.hpp>

using namespace cmm::literals;

void use() {
#ifdef CMM_CORRECTED
  auto memory = cmm::build(cmm::managed{}, cmm::null_api{});
#else
  const auto memory = cmm::build(cmm::managed{}, cmm::null_api{});
#endif
  const cmm::block b = memory.allocate(1_MiB);
}
