// expect: placement_policy
#include <cmm/kv.hpp>

struct greedy {
#ifdef CMM_CORRECTED
  void place(cmm::kv::placing& step) const {
    for (const auto page : step.changes().hits) step.bring_in(page);
  }
#else
  void place(int) const {}
#endif
};

void use() {
  cmm::kv::residency<greedy> residency{4, 2, 16};
  static_cast<void>(residency.step({}));
}
