// expect: cmm: pass the allocator, not its address
#include <cmm/bridge/pmr.hpp>
#include <cmm/cmm.hpp>

void use() {
  auto memory = cmm::build(cmm::managed{} | cmm::pool{}, cmm::null_api{});
#ifdef CMM_CORRECTED
  cmm::pmr_resource resource{memory};
#else
  cmm::pmr_resource resource{&memory};
#endif
}
