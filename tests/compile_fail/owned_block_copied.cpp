// expect: cmm: a block has one owner
#include <cmm/bridge/owned_block.hpp>
#include <cmm/cmm.hpp>
#include <utility>

void use() {
  auto memory = cmm::build(cmm::managed{} | cmm::pool{}, cmm::null_api{});
  cmm::owned_block scratch{memory, 1};
#ifdef CMM_CORRECTED
  cmm::owned_block kept = std::move(scratch);
#else
  cmm::owned_block kept = scratch;
#endif
}
