// An allocator library that allocates nothing; what it says of itself is given to the compiler with -D.
#include <cmm/torch/abi.hpp>

namespace {

constexpr char mark[] = STUB_MARK;
const cmm_torch_description about{{mark[0], mark[1], mark[2], mark[3], mark[4], mark[5], mark[6], mark[7]},
                                  STUB_ABI,
                                  0,
                                  STUB_VERSION,
                                  "cuda",
                                  "managed",
                                  "",
                                  STUB_CACHES};

}  // namespace

extern "C" {

void* cmm_torch_allocate(std::size_t, int, CUstream_st*) { return nullptr; }
void* cmm_torch_allocate_segment(std::size_t, int, CUstream_st*) { return nullptr; }
void cmm_torch_free(void*, std::size_t, int, CUstream_st*) noexcept {}
void cmm_torch_init(int) {}
void cmm_torch_empty_cache() {}
void cmm_torch_set_memory_fraction(double, int) {}
void* cmm_torch_base_allocation(void* data, std::size_t*) { return data; }
void cmm_torch_record_stream(void*, CUstream_st*) {}
void cmm_torch_begin_allocate_to_pool(int, cmm_torch_mempool_id, std::function<bool(CUstream_st*)>) {}
void cmm_torch_end_allocate_to_pool(int, cmm_torch_mempool_id) {}
void cmm_torch_release_pool(int, cmm_torch_mempool_id) {}

const cmm_torch_description* cmm_torch_describe() noexcept { return &about; }
const char* cmm_torch_last_error() noexcept { return "the stub refuses"; }
int cmm_torch_usage_of(int, cmm_torch_usage*) noexcept { return 1; }
int cmm_torch_reset_peaks() noexcept { return 1; }
int cmm_torch_residency(const void*, std::size_t, int, cmm_torch_place*, std::size_t, std::size_t*) noexcept {
  return 1;
}
int cmm_torch_prefetch(void*, std::size_t, cmm_torch_location, int, CUstream_st*) noexcept { return 1; }
int cmm_torch_advise(void*, std::size_t, int, int, cmm_torch_location, int) noexcept { return 1; }
int cmm_torch_discard(void*, std::size_t, int, CUstream_st*) noexcept { return 1; }
int cmm_torch_prefetch_batch(void* const*, const std::size_t*, std::size_t, cmm_torch_location, int,
                             CUstream_st*) noexcept {
  return 1;
}
int cmm_torch_discard_batch(void* const*, const std::size_t*, std::size_t, cmm_torch_location, int,
                            CUstream_st*) noexcept {
  return 1;
}
void cmm_torch_on_out_of_memory(void (*)(const char*)) noexcept {}

}  // extern "C"
