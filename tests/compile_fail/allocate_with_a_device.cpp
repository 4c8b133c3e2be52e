// expect: cmm: allocate() takes bytes and a stream, allocate(64_MiB, stream), or a cmm::request
#include <cmm/cmm.hpp>

using namespace cmm::literals;

void use() {
  auto memory = cmm::build(cmm::managed{}, cmm::null_api{});
#ifdef CMM_CORRECTED
  memory.deallocate(memory.allocate({.bytes = 1_MiB, .device = 1}));
#else
  memory.deallocate(memory.allocate(1_MiB, cmm::location::device(1)));
#endif
}
