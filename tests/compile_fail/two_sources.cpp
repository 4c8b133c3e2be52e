// expect: cmm: a recipe has one source, and this one has two; for a second memory use the layer spill
#include <cmm/cmm.hpp>

#ifdef CMM_CORRECTED
constexpr auto memory = cmm::managed{} | cmm::spill{cmm::device{}};
#else
constexpr auto memory = cmm::managed{} | cmm::device{};
#endif
