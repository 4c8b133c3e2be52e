#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "block.hpp"
#include "location.hpp"
#include "status.hpp"
#include "stream.hpp"

namespace cmm {

/// What `cudaMemAdvise` can say about a managed range.
enum class advice : unsigned char { preferred_location, accessed_by, read_mostly };

/// What a device can do, asked by `attribute`. Values are 0 or 1 unless said otherwise.
enum class attribute : unsigned char {
  concurrent_managed_access,  ///< prefetch and advice work, CPU and GPU may use managed memory at once
  pageable_memory_access,     ///< the GPU reads memory of malloc
  host_numa_id,               ///< the NUMA node nearest to the device, -1 if unknown
  host_numa_pools,            ///< memory pools on a HOST_NUMA location work
  managed_pools,              ///< memory pools of managed memory work
  egm,                        ///< the system runs in extended-GPU-memory mode
  mapped_memory,              ///< address ranges can be mapped to memory handles
  mapped_host_memory,         ///< those of a HOST_NUMA location too
  shareable_memory,           ///< memory handles can be exported as file descriptors
};

/// What a memory pool of the driver holds, and where.
struct pool_properties {
  enum class kind : unsigned char { pinned, managed };
  kind what = kind::pinned;
  location where{};
};

/// A memory pool of the driver, by its native handle.
struct pool_handle {
  void* native = nullptr;
};

/// Physical memory that address ranges are mapped to, by its native handle; 0 is none.
struct memory_handle {
  std::uint64_t native = 0;
};

/// An event of the api, by its native handle.
struct event {
  void* native = nullptr;
};

/// The memory calls the library makes, as one concept: `cuda::api` is the real model, `sim::api` a simulated
/// one.
///
/// An api is a cheap handle, copied into each source. Calls return a `status` that names the CUDA call and
/// never throw for a failure of CUDA. Sizes are in bytes. `enter(device)` returns a guard: until its end the
/// calls of this thread go to `device()`, the given device or, for `current_device`, the thread's own.
/// `stream_id` is unique for the life of the process and tells per-thread default streams apart. An api whose
/// null handle is not the legacy default stream says so by `default_stream()`, for nothing but the time of a
/// load. `capture_of` gives 0 for a stream that is not being captured. `synchronize_device` waits for all
/// work of the thread's device. `memory_info` fills free and total bytes of a location.
///
/// `withdraw` takes advice back. A batch is so many ranges in one call, in any stream but the legacy default
/// one; what is discarded holds nothing until it is written or prefetched.
///
/// An address range is reserved, mapped piece by piece to memory handles, and opened by `set_access` to the
/// given locations: devices, or the NUMA node of host memory for its CPU. Addresses and sizes are multiples
/// of `granularity`. `release_memory` gives up a handle; its memory lives as long as a mapping of it does.
template <class Api>
concept api = std::copyable<Api> &&
    requires(Api& a, void* p, void*& out, std::size_t n, int i, int& value, std::uint64_t& id, stream s,
             location where, pool_handle& pool, event& e, memory_handle& memory, const location* places,
             void** list, std::size_t* sizes, bool shareable) {
  { a.enter(i).result() } -> std::same_as<status>;
  { a.enter(i).device() } -> std::same_as<int>;

  { a.allocate_managed(out, n) } -> std::same_as<status>;
  { a.allocate_device(out, n) } -> std::same_as<status>;
  { a.free(p) } -> std::same_as<status>;
  { a.allocate_system(out, n) } -> std::same_as<status>;
  { a.free_system(p, n) } -> std::same_as<status>;

  { a.create_pool(pool, pool_properties{}) } -> std::same_as<status>;
  { a.destroy_pool(pool) } -> std::same_as<status>;
  { a.grant_access(pool, i) } -> std::same_as<status>;
  { a.allocate_from_pool(out, n, pool, s) } -> std::same_as<status>;
  { a.free_to_pool(p, s) } -> std::same_as<status>;

  { a.advise(p, n, advice{}, where) } -> std::same_as<status>;
  { a.withdraw(p, n, advice{}, where) } -> std::same_as<status>;
  { a.prefetch(p, n, where, s) } -> std::same_as<status>;
  { a.prefetch_batch(list, sizes, n, where, s) } -> std::same_as<status>;
  { a.discard_batch(list, sizes, n, s) } -> std::same_as<status>;
  { a.discard_and_prefetch_batch(list, sizes, n, where, s) } -> std::same_as<status>;

  { a.reserve(out, n) } -> std::same_as<status>;
  { a.free_reserved(p, n) } -> std::same_as<status>;
  { a.create_memory(memory, n, where, shareable) } -> std::same_as<status>;
  { a.release_memory(memory) } -> std::same_as<status>;
  { a.map(p, n, memory) } -> std::same_as<status>;
  { a.unmap(p, n) } -> std::same_as<status>;
  { a.set_access(p, n, places, n) } -> std::same_as<status>;
  { a.export_memory(memory, value) } -> std::same_as<status>;
  { a.import_memory(memory, i) } -> std::same_as<status>;
  { a.granularity(where, n) } -> std::same_as<status>;

  { a.synchronize(s) } -> std::same_as<status>;
  { a.synchronize_device() } -> std::same_as<status>;
  { a.stream_id(s, id) } -> std::same_as<status>;
  { a.capture_of(s, id) } -> std::same_as<status>;

  { a.create_event(e) } -> std::same_as<status>;
  { a.destroy_event(e) } -> std::same_as<status>;
  { a.record(e, s) } -> std::same_as<status>;
  { a.wait(s, e) } -> std::same_as<status>;
  { a.query(e) } -> std::same_as<status>;
  { a.synchronize(e) } -> std::same_as<status>;

  { a.device_count(value) } -> std::same_as<status>;
  { a.attribute(i, attribute{}, value) } -> std::same_as<status>;
  { a.memory_info(where, n, n) } -> std::same_as<status>;

  a.push_range("name");
  a.pop_range();
};

}  // namespace cmm
