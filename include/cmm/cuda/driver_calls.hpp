#pragma once

#include <cuda.h>

#include "calls.hpp"

namespace cmm::cuda {

/// A function of the driver that the runtime does not have, found while the program runs, so that nothing
/// links `libcuda`.
///
/// `Function` is its type in cuda.h, `version` the CUDA that introduced it. It is looked up at each call,
/// which takes the runtime well under a microsecond, and needs no state that a fork would carry over.
template <class Function>
class driver_call {
 public:
  driver_call(const char* name, unsigned version) noexcept
      : name_{name}, found_{look_up(name, version, function_)} {}

  /// Calls it; codes of the driver are those of the runtime.
  template <class... Arguments>
  status operator()(Arguments... arguments) const noexcept {
    return found_.ok() ? status{static_cast<errc>(function_(arguments...)), name_} : found_;
  }

 private:
  static status look_up(const char* name, unsigned version, Function*& out) noexcept {
    void* found = nullptr;
    cudaDriverEntryPointQueryResult why = cudaDriverEntryPointSymbolNotFound;
    const status asked =
        answer(cudaGetDriverEntryPointByVersion(name, &found, version, cudaEnableDefault, &why), name);
    out = reinterpret_cast<Function*>(found);
    const bool there = why == cudaDriverEntryPointSuccess && found != nullptr;
    return !asked.ok() || there ? asked : status{errc::not_supported, name};
  }

  const char* name_;
  Function* function_ = nullptr;
  status found_;
};

inline auto address_reserve() noexcept {
  return driver_call<decltype(cuMemAddressReserve)>{"cuMemAddressReserve", 10020};
}
inline auto address_free() noexcept {
  return driver_call<decltype(cuMemAddressFree)>{"cuMemAddressFree", 10020};
}
inline auto memory_create() noexcept { return driver_call<decltype(cuMemCreate)>{"cuMemCreate", 10020}; }
inline auto memory_release() noexcept { return driver_call<decltype(cuMemRelease)>{"cuMemRelease", 10020}; }
inline auto memory_map() noexcept { return driver_call<decltype(cuMemMap)>{"cuMemMap", 10020}; }
inline auto memory_unmap() noexcept { return driver_call<decltype(cuMemUnmap)>{"cuMemUnmap", 10020}; }
inline auto memory_set_access() noexcept {
  return driver_call<decltype(cuMemSetAccess)>{"cuMemSetAccess", 10020};
}
inline auto memory_export() noexcept {
  return driver_call<decltype(cuMemExportToShareableHandle)>{"cuMemExportToShareableHandle", 10020};
}
inline auto memory_import() noexcept {
  return driver_call<decltype(cuMemImportFromShareableHandle)>{"cuMemImportFromShareableHandle", 10020};
}
inline auto memory_granularity() noexcept {
  return driver_call<decltype(cuMemGetAllocationGranularity)>{"cuMemGetAllocationGranularity", 10020};
}
/// An attribute that the runtime does not name.
inline status ask_driver(int device, CUdevice_attribute what, int& value) noexcept {
  const driver_call<decltype(cuDeviceGetAttribute)> ask{"cuDeviceGetAttribute", 2000};
  return ask(&value, what, CUdevice{device});
}

/// A location as the driver writes it.
inline CUmemLocation driver_location(location where) noexcept {
  CUmemLocation written{};
  written.type = where.what == location::kind::device      ? CU_MEM_LOCATION_TYPE_DEVICE
                 : where.what == location::kind::host_numa ? CU_MEM_LOCATION_TYPE_HOST_NUMA
                 : where.what == location::kind::host      ? CU_MEM_LOCATION_TYPE_HOST
                                                           : CU_MEM_LOCATION_TYPE_INVALID;
  written.id = where.what == location::kind::host ? 0 : where.id;
  return written;
}

inline CUmemAllocationProp memory_properties(location where, bool shareable) noexcept {
  CUmemAllocationProp wanted{};
  wanted.type = CU_MEM_ALLOCATION_TYPE_PINNED;
  wanted.location = driver_location(where);
  wanted.requestedHandleTypes =
      shareable ? CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR : CU_MEM_HANDLE_TYPE_NONE;
  return wanted;
}

}  // namespace cmm::cuda
