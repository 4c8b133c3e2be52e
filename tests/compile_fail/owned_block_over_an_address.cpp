// expect: cmm: pass the allocator, not its address
#include <cmm/bridge/owned_block.hpp>
#include <cmm/cmm.hpp>

void use() {
  auto memory = cmm::build(cmm::managed{} | cmm::pool{}, cmm::null_api{});
#ifdef CMM_CORRECTED
  cmm::owned_block scratch{memory, 1};
#else
  cmm::owned_block scratch{&memory, 1};
#endif
}
