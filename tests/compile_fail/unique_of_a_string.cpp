// expect: cmm: make_unique() takes types with trivial destructors
#include <cmm/bridge/unique.hpp>
#include <cmm/cmm.hpp>
#include <string>

#ifdef CMM_CORRECTED
using element = char;
#else
using element = std::string;
#endif

int main() {
  auto memory = cmm::build(cmm::managed{}, cmm::null_api{});
  (void)cmm::make_unique<element>(memory);
}
