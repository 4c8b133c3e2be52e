// expect: cmm: for an array write make_unique<T[]>(memory, count, stream)
#include <cmm/bridge/unique.hpp>
#include <cmm/cmm.hpp>

void use() {
  auto memory = cmm::build(cmm::managed{}, cmm::null_api{});
#ifdef CMM_CORRECTED
  (void)cmm::make_unique<float[]>(memory, 1024);
#else
  (void)cmm::make_unique<float>(memory, 1024);
#endif
}
