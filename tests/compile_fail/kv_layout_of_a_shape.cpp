// expect: cmm: write layout::one_place(shape, slots) or by_layer
#include <cmm/kv/cache.hpp>

namespace kv = cmm::kv;

constexpr kv::shape pages{.layers = 32, .kv_heads = 8, .head_size = 128};

#ifdef CMM_CORRECTED
auto layout = kv::layout::one_place(pages, 5000);
#else
auto layout = kv::layout{pages, 5000};
#endif
