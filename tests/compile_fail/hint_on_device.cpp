// expect: cmm: advice and prefetch need memory that can migrate; use managed, managed_pool or system
#include <cmm/cmm.hpp>

#ifdef CMM_CORRECTED
constexpr auto memory = cmm::managed{} | cmm::prefer{};
#else
constexpr auto memory = cmm::device{} | cmm::prefer{};
#endif
