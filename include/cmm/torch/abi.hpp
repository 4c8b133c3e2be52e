#pragma once

/// What an allocator library exports, and the C types its functions pass. No CUDA header and none of PyTorch.
///
/// The first group is called by PyTorch, which takes plain function addresses and cannot check them; the
/// types here are those of torch 2.9 to 2.11. Where PyTorch has a C++ caller an exception is thrown, which
/// reaches Python as a RuntimeError. The second group is called by the Python package `cmm`: it answers 0, or
/// 1 with the sentence of `cmm_torch_last_error`. Sizes are bytes.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "../core/requirements.hpp"

struct CUstream_st;  // what cudaStream_t points to

#pragma GCC visibility push(default)
extern "C" {

/// What a library is; readable without a GPU, a driver or CUDA. The strings live as long as the library.
struct cmm_torch_description {
  char magic[8];          ///< "cmmtorch", without an end
  int abi;                ///< `cmm::torch::abi_version`
  int cuda_runtime;       ///< CUDART_VERSION of its build; 0 for a simulated machine
  const char* version;    ///< of cmm
  const char* platform;   ///< "cuda", or "sim:" and the profile
  const char* recipe;     ///< as built, with what the environment overrides
  const char* overrides;  ///< the settings of the environment in force, such as "CMM_LIMIT=1GiB"; or empty
  int caches;             ///< 1 if the recipe reuses freed blocks itself, as swap mode needs
};

/// Counted since the library's first allocation. Blocks are what PyTorch asked for: tensors in swap mode,
/// segments in pool mode. From `reserved_bytes` on, the figures are over all devices.
struct cmm_torch_usage {
  std::uint64_t live_bytes, peak_bytes, total_bytes;
  std::uint64_t live_blocks, peak_blocks, total_blocks;
  std::uint64_t failed;               ///< requests that could not be served
  std::uint64_t skipped_hints;        ///< advice and prefetches this machine could not take
  std::uint64_t reserved_bytes;       ///< taken from the driver; without a pool, `live_bytes`
  std::uint64_t peak_reserved_bytes;  ///<
  std::uint64_t cached_bytes;         ///< of the reserved ones: free for reuse
  std::uint64_t parked_bytes;         ///< of the reserved ones: kept for CUDA graphs that may still run
  std::uint64_t fast_bytes;           ///< of the live ones: in the fast memory of a `spill`
  std::uint64_t limit_bytes;          ///< the budget, 2^64 - 1 for none
  std::uint64_t limit_used_bytes;     ///< how much of it is used
};

/// A location: `kind` is that of `cmm::location` (0 none, 1 device, 2 host, 3 host NUMA node), `id` its
/// number.
struct cmm_torch_location {
  int kind, id;
};

/// So many bytes of a range at one location. Kind 0 is memory that was never touched, or was discarded.
struct cmm_torch_place {
  cmm_torch_location where;
  std::uint64_t bytes;
};

using cmm_torch_mempool_id = std::pair<unsigned long long, unsigned long long>;

// Called by PyTorch. Devices are ordinals.
void* cmm_torch_allocate(std::size_t bytes, int device, CUstream_st* stream);          // throws when full
void* cmm_torch_allocate_segment(std::size_t bytes, int device, CUstream_st* stream);  // null when full
void cmm_torch_free(void* data, std::size_t bytes, int device, CUstream_st* stream) noexcept;
void cmm_torch_init(int device_count);
void cmm_torch_empty_cache();
void cmm_torch_set_memory_fraction(double fraction, int device);
void* cmm_torch_base_allocation(void* data, std::size_t* bytes);
void cmm_torch_record_stream(void* data, CUstream_st* stream);
void cmm_torch_begin_allocate_to_pool(int device, cmm_torch_mempool_id pool,
                                      std::function<bool(CUstream_st*)> filter);
void cmm_torch_end_allocate_to_pool(int device, cmm_torch_mempool_id pool);
void cmm_torch_release_pool(int device, cmm_torch_mempool_id pool);

// Called by the Python package.
const cmm_torch_description* cmm_torch_describe() noexcept;  // null when the environment cannot be read
const char* cmm_torch_last_error() noexcept;                 // of the calling thread
int cmm_torch_usage_of(int device, cmm_torch_usage* out) noexcept;  // device -1: all together
int cmm_torch_reset_peaks() noexcept;
int cmm_torch_residency(const void* data, std::size_t bytes, int device, cmm_torch_place* places,
                        std::size_t capacity, std::size_t* count) noexcept;
int cmm_torch_prefetch(void* data, std::size_t bytes, cmm_torch_location where, int device,
                       CUstream_st* stream) noexcept;
/// `what`: 0 preferred location, 1 accessed by, 2 read mostly; `set` 0 takes the advice back.
int cmm_torch_advise(void* data, std::size_t bytes, int what, int set, cmm_torch_location where,
                     int device) noexcept;
int cmm_torch_discard(void* data, std::size_t bytes, int device, CUstream_st* stream) noexcept;
/// Many ranges of one device in one call of the driver. A discard with a location also moves the ranges
/// there, without what they hold; kind 0 leaves them where nothing is.
int cmm_torch_prefetch_batch(void* const* data, const std::size_t* bytes, std::size_t count,
                             cmm_torch_location where, int device, CUstream_st* stream) noexcept;
int cmm_torch_discard_batch(void* const* data, const std::size_t* bytes, std::size_t count,
                            cmm_torch_location where, int device, CUstream_st* stream) noexcept;
/// What `cmm_torch_allocate` calls when memory ran out; it must throw. Null: a plain C++ exception again.
void cmm_torch_on_out_of_memory(void (*thrower)(const char* message)) noexcept;

}  // extern "C"
#pragma GCC visibility pop

namespace cmm::torch {

/// Counts changes of the functions and structures above.
inline constexpr int abi_version = 2;

}  // namespace cmm::torch
