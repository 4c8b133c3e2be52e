// expect: this_size_literal_exceeds_the_address_space
#include <cmm/cmm.hpp>

using namespace cmm::literals;

#ifdef CMM_CORRECTED
constexpr std::size_t most = 16'777'215_TiB;
#else
constexpr std::size_t most = 16'777'216_TiB;
#endif
