// expect: cmm: an allocator stays where it is built; pass it by reference
#include <cmm/cmm.hpp>

using memory = decltype(cmm::build(cmm::managed{}, cmm::null_api{}));
#ifdef CMM_CORRECTED
void use(memory& lent);
#else
void use(memory lent);
#endif

void call(memory& mine) { use(mine); }
