// expect: a policy needs place(at, block, stream) const
#include <cmm/cmm.hpp>

struct nearby {
#ifdef CMM_CORRECTED
  void place(auto& at, cmm::block b, cmm::stream) const {
    at.advise(b, cmm::advice::preferred_location, cmm::location::host());
  }
#else
  void place(cmm::block, int) const {}
#endif
};

constexpr auto memory = cmm::managed{} | nearby{};
