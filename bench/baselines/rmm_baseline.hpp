#pragma once

#include <cmm/core/block.hpp>
#include <cmm/core/stream.hpp>
#include <cstddef>
#include <memory>

namespace cmm::bench::baseline {

/// RMM as its users set it up for managed memory: a pool over managed memory that prefetches each allocation.
/// Only in programs that were built with RMM.
class rmm_pool {
 public:
  static constexpr const char* name = "rmm_managed_prefetch_pool";
#ifdef CMM_BENCH_RMM
  static constexpr bool built_in = true;
#else
  static constexpr bool built_in = false;
#endif

  /// A pool that holds one block of this size and never more. Throws what RMM throws.
  explicit rmm_pool(std::size_t bytes);
  ~rmm_pool();
  rmm_pool(const rmm_pool&) = delete;
  rmm_pool& operator=(const rmm_pool&) = delete;

  block allocate(std::size_t bytes, stream s);
  void deallocate(block b, stream s);

 private:
  struct resources;
  std::unique_ptr<resources> resources_;
};

}  // namespace cmm::bench::baseline
