// expect: cmm: build() takes an api, such as cmm::cuda::api or cmm::sim::api
#include <cmm/cmm.hpp>

void use() {
#ifdef CMM_CORRECTED
  auto memory = cmm::build(cmm::managed{} | cmm::pool{}, cmm::null_api{});
#else
  auto memory = cmm::build(cmm::managed{} | cmm::pool{}, 0);
#endif
  memory.deallocate(memory.allocate(1));
}
