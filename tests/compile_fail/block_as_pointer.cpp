// expect: cmm: a block is no pointer; its address is block.data
#include <cmm/cmm.hpp>

using namespace cmm::literals;

void* use() {
  auto memory = cmm::build(cmm::managed{}, cmm::null_api{});
#ifdef CMM_CORRECTED
  return memory.allocate(1_MiB).data;
#else
  return memory.allocate(1_MiB);
#endif
}
