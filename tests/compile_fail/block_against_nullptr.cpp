// expect: cmm: an empty block is false: if (!block)
#include <cmm/cmm.hpp>

#ifdef CMM_CORRECTED
bool ran_out(cmm::block b) { return !b; }
#else
bool ran_out(cmm::block b) { return b == nullptr; }
#endif
