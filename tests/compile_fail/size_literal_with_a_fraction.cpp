// expect: this_size_literal_is_no_whole_number
#include <cmm/cmm.hpp>

using namespace cmm::literals;

#ifdef CMM_CORRECTED
constexpr std::size_t some = 1536_MiB;
#else
constexpr std::size_t some = 1.5_GiB;
#endif
