// expect: cmm: the source comes first; write source | policies | layers
#include <cmm/cmm.hpp>

#ifdef CMM_CORRECTED
constexpr auto memory = cmm::managed{} | cmm::pool{};
#else
constexpr auto memory = cmm::pool{} | cmm::managed{};
#endif
