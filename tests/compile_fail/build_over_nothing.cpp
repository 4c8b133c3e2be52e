// expect: cmm: build() takes an api, such as recipe.build(cmm::cuda::api{})
#include <cmm/cmm.hpp>

int main() {
  constexpr auto recipe = cmm::managed{} | cmm::pool{};
#ifdef CMM_CORRECTED
  auto memory = recipe.build(cmm::null_api{});
  (void)memory;
#else
  recipe.build();
#endif
}
