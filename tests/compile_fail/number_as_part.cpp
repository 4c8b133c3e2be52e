// expect: cmm: a part of this recipe is no source, policy or layer
#include <cmm/cmm.hpp>

#ifdef CMM_CORRECTED
constexpr auto memory = cmm::managed{} | cmm::limit{5};
#else
constexpr auto memory = cmm::managed{} | 5;
#endif
