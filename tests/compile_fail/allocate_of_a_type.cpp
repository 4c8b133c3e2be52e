// expect: cmm: a block has no type; cmm::make_unique<T[]> has
#include <cmm/bridge/unique.hpp>
#include <cmm/cmm.hpp>

void use() {
  auto memory = cmm::build(cmm::managed{}, cmm::null_api{});
#ifdef CMM_CORRECTED
  auto floats = cmm::make_unique<float[]>(memory, 100);
#else
  auto floats = memory.allocate<float>(100);
#endif
}
