// expect: cmm: name the layer whole, such as get<cmm::spill<cmm::device>>()
#include <cmm/cmm.hpp>

void use() {
  auto memory = cmm::build(cmm::managed{} | cmm::spill{cmm::device{}}, cmm::null_api{});
#ifdef CMM_CORRECTED
  memory.get<cmm::spill<cmm::device>>();
#else
  memory.get<cmm::spill>();
#endif
}
