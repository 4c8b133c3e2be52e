// expect: cmm: settings go before the policy
#include <cmm/kv/cache.hpp>

namespace kv = cmm::kv;

void use(const kv::layout& layout) {
#ifdef CMM_CORRECTED
  kv::cache cache{layout, 1000, {}, kv::on_use{}};
#else
  kv::cache cache{layout, 1000, kv::on_use{}};
#endif
}
