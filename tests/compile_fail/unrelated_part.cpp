// expect: cmm: a part of this recipe is no source, policy or layer
#include <cmm/cmm.hpp>

struct budget {
  std::size_t bytes;
};

#ifdef CMM_CORRECTED
constexpr auto memory = cmm::managed{} | cmm::limit{budget{5}.bytes};
#else
constexpr auto memory = cmm::managed{} | budget{5};
#endif
