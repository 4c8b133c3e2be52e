// expect: cmm: this is no placement policy of KV pages; it needs void place(cmm::kv::placing&)
#include <cmm/kv/cache.hpp>

namespace kv = cmm::kv;

struct first_come {
#ifdef CMM_CORRECTED
  void place(kv::placing&) const {}
#else
  void place(kv::placing&, int) const {}
#endif
};

void use(const kv::layout& layout) { kv::cache cache{layout, 1000, {}, first_come{}}; }
