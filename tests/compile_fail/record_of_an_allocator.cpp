// expect: cmm: write memory.get<cmm::record_streams>().record(block, stream)
#include <cmm/cmm.hpp>

void use(cmm::stream stream) {
  auto memory = cmm::build(cmm::managed{} | cmm::pool{} | cmm::record_streams{}, cmm::null_api{});
  const cmm::block b = memory.allocate(1);
#ifdef CMM_CORRECTED
  memory.get<cmm::record_streams>().record(b, stream);
#else
  memory.record(b, stream);
#endif
}
