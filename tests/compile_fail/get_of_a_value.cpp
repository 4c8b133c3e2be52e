// expect: cmm: get() takes a type; write get<cmm::pool>()
#include <cmm/cmm.hpp>

void use() {
  auto memory = cmm::build(cmm::managed{} | cmm::pool{}, cmm::null_api{});
#ifdef CMM_CORRECTED
  memory.get<cmm::pool>().trim(cmm::stream{});
#else
  memory.get(cmm::pool{}).trim(cmm::stream{});
#endif
}
