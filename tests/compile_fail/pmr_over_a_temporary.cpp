// expect: cmm: a bridge needs an allocator that outlives it
#include <cmm/bridge/pmr.hpp>
#include <cmm/cmm.hpp>

void use() {
#ifdef CMM_CORRECTED
  auto memory = cmm::build(cmm::managed{}, cmm::null_api{});
  cmm::pmr_resource resource{memory};
#else
  cmm::pmr_resource resource{cmm::build(cmm::managed{}, cmm::null_api{})};
#endif
  (void)resource.device();
}
