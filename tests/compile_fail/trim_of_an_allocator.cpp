// expect: cmm: write memory.get<cmm::pool>().trim(stream)
#include <cmm/cmm.hpp>

void use(cmm::stream stream) {
  auto memory = cmm::build(cmm::managed{} | cmm::pool{}, cmm::null_api{});
#ifdef CMM_CORRECTED
  memory.get<cmm::pool>().trim(stream);
#else
  memory.trim(stream);
#endif
}
