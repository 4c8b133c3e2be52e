// expect: cmm: the first argument of when() is no predicate; it takes a block and answers true or false
#include <cmm/cmm.hpp>

#ifdef CMM_CORRECTED
constexpr auto memory = cmm::managed{} | cmm::when{cmm::below{2'000'000}, cmm::prefetch{}};
#else
constexpr auto memory = cmm::managed{} | cmm::when{2'000'000, cmm::prefetch{}};
#endif
