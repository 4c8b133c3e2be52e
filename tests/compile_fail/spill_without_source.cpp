// expect: cmm: this recipe has no source; begin it with one, such as managed{}
#include <cmm/cmm.hpp>

#ifdef CMM_CORRECTED
constexpr auto memory = cmm::managed{} | cmm::spill{cmm::device{} | cmm::pool{}};
#else
constexpr auto memory = cmm::managed{} | cmm::spill{cmm::prefer{} | cmm::pool{}};
#endif
