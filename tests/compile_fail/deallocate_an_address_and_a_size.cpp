// expect: cmm: deallocate() takes the block that allocate() returned, and not its address
#include <cmm/cmm.hpp>

using namespace cmm::literals;

void use() {
  auto memory = cmm::build(cmm::managed{}, cmm::null_api{});
  const cmm::block b = memory.allocate(1_MiB);
#ifdef CMM_CORRECTED
  memory.deallocate(b, cmm::stream{});
#else
  memory.deallocate(b.data, b.bytes, cmm::stream{});
#endif
}
