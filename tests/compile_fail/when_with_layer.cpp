// expect: cmm: the second argument of when() is no policy
#include <cmm/cmm.hpp>

#ifdef CMM_CORRECTED
constexpr auto memory = cmm::managed{} | cmm::when{cmm::below{2'000'000}, cmm::prefer{}} | cmm::pool{};
#else
constexpr auto memory = cmm::managed{} | cmm::when{cmm::below{2'000'000}, cmm::pool{}};
#endif
