// expect: cmm: the source comes first; write source | policies | layers
#include <cmm/cmm.hpp>

#ifdef CMM_CORRECTED
constexpr auto memory = cmm::managed{} | cmm::prefer{};
#else
constexpr auto memory = cmm::prefer{} | cmm::managed{};
#endif
