// expect: cmm: a policy stands after a layer; policies place what the source hands out
#include <cmm/cmm.hpp>

#ifdef CMM_CORRECTED
constexpr auto memory = cmm::managed{} | cmm::prefer{} | cmm::pool{};
#else
constexpr auto memory = cmm::managed{} | cmm::pool{} | cmm::prefer{};
#endif
