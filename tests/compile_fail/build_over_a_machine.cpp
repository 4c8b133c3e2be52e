// expect: cmm: build() takes an api, such as cmm::cuda::api or cmm::sim::api
#include <cmm/sim.hpp>

void use() {
  cmm::sim::machine machine{cmm::sim::gh200_480};
#ifdef CMM_CORRECTED
  auto memory = (cmm::managed{} | cmm::pool{}).build(cmm::sim::api{machine});
#else
  auto memory = (cmm::managed{} | cmm::pool{}).build(machine);
#endif
  memory.deallocate(memory.allocate(1));
}
