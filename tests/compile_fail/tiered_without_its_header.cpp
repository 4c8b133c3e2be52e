// expect: cmm: include <cmm/source/tiered.hpp>
#include <cmm/cmm.hpp>
#ifdef CMM_CORRECTED
#include <cmm/source/tiered.hpp>
#endif

auto recipe() { return cmm::tiered{} | cmm::pool{}; }
