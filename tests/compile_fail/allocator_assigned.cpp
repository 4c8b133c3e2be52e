// expect: cmm: an allocator stays where it is built
#include <cmm/cmm.hpp>

void use() {
  auto one = cmm::build(cmm::managed{}, cmm::null_api{});
  auto other = cmm::build(cmm::managed{}, cmm::null_api{});
#ifdef CMM_CORRECTED
  (void)one, (void)other;
#else
  one = other;
#endif
}
