// expect: cmm: get<Layer>() names a layer that this recipe does not have
#include <cmm/cmm.hpp>

std::size_t use() {
#ifdef CMM_CORRECTED
  auto memory = cmm::build(cmm::managed{} | cmm::limit{}, cmm::null_api{});
#else
  auto memory = cmm::build(cmm::managed{} | cmm::pool{}, cmm::null_api{});
#endif
  return memory.get<cmm::limit>().used();
}
