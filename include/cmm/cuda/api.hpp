#pragma once

#include <nvtx3/nvToolsExt.h>
#include <sys/mman.h>

#include <cerrno>

#include "../core/api.hpp"
#include "../platform/host_memory.hpp"
#include "calls.hpp"
#include "driver_calls.hpp"
#include "egm.hpp"

namespace cmm::cuda {

/// What the null handle means here: CUDA lets each translation unit choose (`--default-stream per-thread`).
/// Asked by the macro of the runtime's own header, for which the user's may have come too late.
#ifdef __CUDART_API_PER_THREAD_DEFAULT_STREAM
inline namespace per_thread_default_stream {
inline stream default_stream() noexcept { return stream::per_thread(); }
#else
inline namespace legacy_default_stream {
inline stream default_stream() noexcept { return stream::legacy(); }
#endif

/// The CUDA runtime as the api of the library. Holds nothing; CUDA is not touched before the first call.
///
/// Each call is one call of the runtime, in the current device of the thread. Calls that a capture would
/// forbid although they do not touch its stream run in relaxed capture mode. Translation units with and
/// without per-thread default streams have an api each, so that one program may hold both.
class api {
 public:
  static stream default_stream() noexcept { return cuda::default_stream(); }

  static device_scope enter(int device) noexcept { return device_scope{device}; }

  static status allocate_managed(void*& out, std::size_t bytes) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaMallocManaged(&out, bytes, cudaMemAttachGlobal), "cudaMallocManaged");
  }
  static status allocate_device(void*& out, std::size_t bytes) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaMalloc(&out, bytes), "cudaMalloc");
  }
  static status free(void* data) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaFree(data), "cudaFree");
  }
  static status allocate_system(void*& out, std::size_t bytes) noexcept {
    void* const range = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (range == MAP_FAILED) return {errno == ENOMEM ? errc::out_of_memory : errc::invalid_value, "mmap"};
    out = range;
    return {};
  }
  static status free_system(void* data, std::size_t bytes) noexcept {
    return {::munmap(data, bytes) == 0 ? errc::success : errc::invalid_value, "munmap"};
  }

  static status create_pool(pool_handle& out, pool_properties properties) noexcept {
    const relaxed_capture relaxed;
    cudaMemPoolProps wanted{};
    wanted.allocType = properties.what == pool_properties::kind::managed ? cudaMemAllocationTypeManaged
                                                                         : cudaMemAllocationTypePinned;
    wanted.location = native(properties.where);
    cudaMemPool_t pool = nullptr;
    status made = answer(cudaMemPoolCreate(&pool, &wanted), "cudaMemPoolCreate");
    if (!made.ok()) return made;
    out.native = pool;
    std::uint64_t keep_all = ~std::uint64_t{0};
    made = answer(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep_all),
                  "cudaMemPoolSetAttribute");
    if (!made.ok()) (void)destroy_pool(out);
    return made;
  }
  static status destroy_pool(pool_handle pool) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaMemPoolDestroy(native(pool)), "cudaMemPoolDestroy");
  }
  static status grant_access(pool_handle pool, int device) noexcept {
    const relaxed_capture relaxed;
    const cudaMemAccessDesc access{{cudaMemLocationTypeDevice, device}, cudaMemAccessFlagsProtReadWrite};
    return answer(cudaMemPoolSetAccess(native(pool), &access, 1), "cudaMemPoolSetAccess");
  }
  static status allocate_from_pool(void*& out, std::size_t bytes, pool_handle pool, stream s) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaMallocFromPoolAsync(&out, bytes, native(pool), native(s)), "cudaMallocFromPoolAsync");
  }
  static status free_to_pool(void* data, stream s) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaFreeAsync(data, native(s)), "cudaFreeAsync");
  }

  static status advise(void* data, std::size_t bytes, advice what, location where) noexcept {
    constexpr cudaMemoryAdvise advices[] = {cudaMemAdviseSetPreferredLocation, cudaMemAdviseSetAccessedBy,
                                            cudaMemAdviseSetReadMostly};
    return change_advice(data, bytes, advices[static_cast<int>(what)], where);
  }
  static status withdraw(void* data, std::size_t bytes, advice what, location where) noexcept {
    constexpr cudaMemoryAdvise advices[] = {cudaMemAdviseUnsetPreferredLocation, cudaMemAdviseUnsetAccessedBy,
                                            cudaMemAdviseUnsetReadMostly};
    return change_advice(data, bytes, advices[static_cast<int>(what)], where);
  }
  static status prefetch_batch(void** data, std::size_t* bytes, std::size_t count, location where,
                               stream s) noexcept {
    const relaxed_capture relaxed;
    cudaMemLocation to = native(where);
    std::size_t from_first_on = 0;
    return answer(cudaMemPrefetchBatchAsync(data, bytes, count, &to, &from_first_on, 1, 0, native(s)),
                  "cudaMemPrefetchBatchAsync");
  }
  static status discard_batch(void** data, std::size_t* bytes, std::size_t count, stream s) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaMemDiscardBatchAsync(data, bytes, count, 0, native(s)), "cudaMemDiscardBatchAsync");
  }
  static status discard_and_prefetch_batch(void** data, std::size_t* bytes, std::size_t count, location where,
                                           stream s) noexcept {
    const relaxed_capture relaxed;
    cudaMemLocation to = native(where);
    std::size_t from_first_on = 0;
    return answer(
        cudaMemDiscardAndPrefetchBatchAsync(data, bytes, count, &to, &from_first_on, 1, 0, native(s)),
        "cudaMemDiscardAndPrefetchBatchAsync");
  }
  static status prefetch(void* data, std::size_t bytes, location where, stream s) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaMemPrefetchAsync(data, bytes, native(where), 0, native(s)), "cudaMemPrefetchAsync");
  }

  static status reserve(void*& out, std::size_t bytes) noexcept {
    const relaxed_capture relaxed;
    if (const status ready = begin_driver(); !ready.ok()) return ready;
    CUdeviceptr base = 0;
    const status reserved = address_reserve()(&base, bytes, std::size_t{0}, CUdeviceptr{0}, 0ULL);
    out = reinterpret_cast<void*>(base);
    return reserved;
  }
  static status free_reserved(void* data, std::size_t bytes) noexcept {
    const relaxed_capture relaxed;
    return address_free()(driver_address(data), bytes);
  }
  static status create_memory(memory_handle& out, std::size_t bytes, location where,
                              bool shareable) noexcept {
    const relaxed_capture relaxed;
    if (const status ready = begin_driver(); !ready.ok()) return ready;
    const CUmemAllocationProp wanted = memory_properties(where, shareable);
    CUmemGenericAllocationHandle made = 0;
    const status created = memory_create()(&made, bytes, &wanted, 0ULL);
    if (created.ok()) out.native = made;
    return created;
  }
  static status release_memory(memory_handle memory) noexcept {
    const relaxed_capture relaxed;
    return memory_release()(CUmemGenericAllocationHandle{memory.native});
  }
  static status map(void* data, std::size_t bytes, memory_handle memory) noexcept {
    const relaxed_capture relaxed;
    return memory_map()(driver_address(data), bytes, std::size_t{0},
                        CUmemGenericAllocationHandle{memory.native}, 0ULL);
  }
  static status unmap(void* data, std::size_t bytes) noexcept {
    const relaxed_capture relaxed;
    return memory_unmap()(driver_address(data), bytes);
  }
  static status set_access(void* data, std::size_t bytes, const location* places,
                           std::size_t count) noexcept {
    const relaxed_capture relaxed;
    const driver_call set = memory_set_access();
    status done{errc::invalid_value, "cuMemSetAccess"};
    for (std::size_t i = 0; i < count; ++i) {
      const CUmemAccessDesc wanted{driver_location(places[i]), CU_MEM_ACCESS_FLAGS_PROT_READWRITE};
      done = set(driver_address(data), bytes, &wanted, std::size_t{1});
      if (!done.ok()) break;
    }
    return done;
  }
  static status export_memory(memory_handle memory, int& descriptor) noexcept {
    const relaxed_capture relaxed;
    return memory_export()(static_cast<void*>(&descriptor), CUmemGenericAllocationHandle{memory.native},
                           CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0ULL);
  }
  static status import_memory(memory_handle& out, int descriptor) noexcept {
    const relaxed_capture relaxed;
    if (const status ready = begin_driver(); !ready.ok()) return ready;
    CUmemGenericAllocationHandle made = 0;
    const status imported =
        memory_import()(&made, reinterpret_cast<void*>(static_cast<std::intptr_t>(descriptor)),
                        CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR);
    if (imported.ok()) out.native = made;
    return imported;
  }
  static status granularity(location where, std::size_t& bytes) noexcept {
    const relaxed_capture relaxed;
    if (const status ready = begin_driver(); !ready.ok()) return ready;
    const CUmemAllocationProp wanted = memory_properties(where, false);
    return memory_granularity()(&bytes, &wanted, CU_MEM_ALLOC_GRANULARITY_MINIMUM);
  }

  static status synchronize(stream s) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaStreamSynchronize(native(s)), "cudaStreamSynchronize");
  }
  static status synchronize_device() noexcept {
    const relaxed_capture relaxed;
    return answer(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
  }
  static status stream_id(stream s, std::uint64_t& id) noexcept {
    unsigned long long found = 0;
    const status asked = answer(cudaStreamGetId(native(s), &found), "cudaStreamGetId");
    id = found;
    return asked;
  }
  static status capture_of(stream s, std::uint64_t& id) noexcept {
    cudaStreamCaptureStatus capturing = cudaStreamCaptureStatusNone;
    unsigned long long found = 0;
    const status asked =
        answer(cudaStreamGetCaptureInfo(native(s), &capturing, &found), "cudaStreamGetCaptureInfo");
    id = capturing == cudaStreamCaptureStatusNone ? 0 : found;
    return asked;
  }

  static status create_event(event& out) noexcept {
    const relaxed_capture relaxed;
    cudaEvent_t made = nullptr;
    const status result =
        answer(cudaEventCreateWithFlags(&made, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    out.native = made;
    return result;
  }
  static status destroy_event(event e) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaEventDestroy(native(e)), "cudaEventDestroy");
  }
  static status record(event e, stream s) noexcept {
    return answer(cudaEventRecord(native(e), native(s)), "cudaEventRecord");
  }
  static status wait(stream s, event e) noexcept {
    return answer(cudaStreamWaitEvent(native(s), native(e), 0), "cudaStreamWaitEvent");
  }
  static status query(event e) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaEventQuery(native(e)), "cudaEventQuery");
  }
  static status synchronize(event e) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaEventSynchronize(native(e)), "cudaEventSynchronize");
  }

  static status device_count(int& count) noexcept {
    return answer(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  }
  static status attribute(int device, cmm::attribute what, int& value) noexcept {
    switch (what) {
      case attribute::concurrent_managed_access:
        return ask(device, cudaDevAttrConcurrentManagedAccess, value);
      case attribute::pageable_memory_access: return ask(device, cudaDevAttrPageableMemoryAccess, value);
      case attribute::host_numa_id: return ask(device, cudaDevAttrHostNumaId, value);
      case attribute::host_numa_pools: return ask(device, cudaDevAttrHostNumaMemoryPoolsSupported, value);
      case attribute::managed_pools: {
        // CUDA 13 has no attribute for managed pools; they need pools and concurrent managed access.
        const status pools = ask(device, cudaDevAttrMemoryPoolsSupported, value);
        return pools.ok() && value != 0 ? ask(device, cudaDevAttrConcurrentManagedAccess, value) : pools;
      }
      case attribute::egm: value = egm_enabled(device) ? 1 : 0; return {};
      case attribute::mapped_memory:
        return ask_driver(device, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, value);
      case attribute::mapped_host_memory:
        return ask_driver(device, CU_DEVICE_ATTRIBUTE_HOST_NUMA_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, value);
      case attribute::shareable_memory:
        return ask_driver(device, CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED, value);
    }
    return {errc::invalid_value, "cudaDeviceGetAttribute"};
  }
  static status memory_info(location where, std::size_t& free, std::size_t& total) noexcept {
    const relaxed_capture relaxed;
    if (where.what == location::kind::host) return platform::host_memory(free, total);
    if (where.what == location::kind::host_numa) return platform::numa_memory(where.id, free, total);
    const device_scope here = enter(where.id);
    return here.result().ok() ? answer(cudaMemGetInfo(&free, &total), "cudaMemGetInfo") : here.result();
  }

  static void push_range(const char* name) noexcept { nvtxRangePushA(name); }
  static void pop_range() noexcept { nvtxRangePop(); }

 private:
  static status change_advice(void* data, std::size_t bytes, cudaMemoryAdvise what, location where) noexcept {
    const relaxed_capture relaxed;
    return answer(cudaMemAdvise(data, bytes, what, native(where)), "cudaMemAdvise");
  }
  /// Calls of the driver need the context that the first call of the runtime makes.
  static status begin_driver() noexcept { return answer(cudaFree(nullptr), "cudaFree"); }
  static CUdeviceptr driver_address(void* data) noexcept { return reinterpret_cast<CUdeviceptr>(data); }

  static status ask(int device, cudaDeviceAttr what, int& value) noexcept {
    return answer(cudaDeviceGetAttribute(&value, what, device), "cudaDeviceGetAttribute");
  }
};

static_assert(cmm::api<api>);

}  // namespace
}  // namespace cmm::cuda
