#ifdef CMM_BENCH_RMM

#include "rmm_baseline.hpp"

#include <rmm/mr/managed_memory_resource.hpp>
#include <rmm/mr/pool_memory_resource.hpp>
#include <rmm/mr/prefetch_resource_adaptor.hpp>

namespace cmm::bench::baseline {
namespace {

constexpr std::size_t granularity = 256;  // what RMM's pool rounds to

std::size_t rounded(std::size_t bytes) { return (bytes + granularity - 1) / granularity * granularity; }

}  // namespace

struct rmm_pool::resources {
  explicit resources(std::size_t bytes)
      : prefetched{rmm::mr::pool_memory_resource{rmm::mr::managed_memory_resource{}, rounded(bytes),
                                                 rounded(bytes)}} {}
  rmm::mr::prefetch_resource_adaptor prefetched;
};

rmm_pool::rmm_pool(std::size_t bytes) : resources_{std::make_unique<resources>(bytes)} {}
rmm_pool::~rmm_pool() = default;

block rmm_pool::allocate(std::size_t bytes, stream s) {
  const ::cuda::stream_ref on{static_cast<cudaStream_t>(s.native())};
  return {resources_->prefetched.allocate(on, bytes, granularity), bytes, 0};
}

void rmm_pool::deallocate(block b, stream s) {
  const ::cuda::stream_ref on{static_cast<cudaStream_t>(s.native())};
  resources_->prefetched.deallocate(on, b.data, b.bytes, granularity);
}

}  // namespace cmm::bench::baseline

#endif
