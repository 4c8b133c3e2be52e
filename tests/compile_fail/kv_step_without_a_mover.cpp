// expect: cmm: step() takes a mover, which has run(plan, stream), and the stream of the work
#include <cmm/kv/cache.hpp>

namespace kv = cmm::kv;

struct engine {
#ifdef CMM_CORRECTED
  void run(const kv::plan&, int) {}
#endif
};

void use(kv::cache<>& cache, engine& mine, int stream) {
  for (const auto& copy : cache.step(mine, stream)) static_cast<void>(copy);
}
