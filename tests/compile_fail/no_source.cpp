// expect: cmm: this recipe has no source; begin it with one, such as managed{}
#include <cmm/cmm.hpp>

void use() {
#ifdef CMM_CORRECTED
  auto memory = (cmm::managed{} | cmm::prefer{} | cmm::pool{}).build(cmm::null_api{});
#else
  auto memory = (cmm::prefer{} | cmm::pool{}).build(cmm::null_api{});
#endif
  memory.deallocate(memory.allocate(1));
}
