// expect: cmm: build() takes an api too
#include <cmm/cmm.hpp>

void use() {
#ifdef CMM_CORRECTED
  auto memory = cmm::build(cmm::managed{} | cmm::pool{}, cmm::null_api{});
#else
  auto memory = cmm::build(cmm::managed{} | cmm::pool{});
#endif
}
