// expect: cmm: the budget of a spill has its name
#include <cmm/cmm.hpp>

using namespace cmm::literals;

#ifdef CMM_CORRECTED
constexpr auto recipe = cmm::managed{} | cmm::spill{cmm::device{}, {.budget = 64_MiB}};
#else
constexpr auto recipe = cmm::managed{} | cmm::spill{cmm::device{}, 64_MiB};
#endif
