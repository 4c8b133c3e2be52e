#pragma once

#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <memory>

#include "../core/api.hpp"
#include "calls.hpp"

namespace cmm::cuda {

/// Whether the driver says that a device runs in extended-GPU-memory mode: capability bit 0 of
/// `nvmlDeviceGetCapabilities`. No, where NVML is missing or too old to know.
inline bool egm_enabled(int device) {
  struct capabilities {
    unsigned version;
    unsigned mask;
  };
  constexpr unsigned version = sizeof(capabilities) | (1U << 24U);
  constexpr unsigned egm = 1U;

  const auto close = [](void* handle) { ::dlclose(handle); };
  const std::unique_ptr<void, decltype(close)> nvml{::dlopen("libnvidia-ml.so.1", RTLD_LAZY | RTLD_LOCAL),
                                                    close};
  if (nvml == nullptr) return false;
  const auto symbol = [&]<class Function>(Function*& out, const char* name) {
    out = reinterpret_cast<Function*>(::dlsym(nvml.get(), name));
    return out != nullptr;
  };
  int (*start)() = nullptr;
  int (*stop)() = nullptr;
  int (*find)(const char*, void**) = nullptr;
  int (*ask)(void*, capabilities*) = nullptr;
  if (!symbol(start, "nvmlInit_v2") || !symbol(stop, "nvmlShutdown") ||
      !symbol(find, "nvmlDeviceGetHandleByPciBusId_v2") || !symbol(ask, "nvmlDeviceGetCapabilities")) {
    return false;
  }
  char bus[32] = {};
  if (!answer(cudaDeviceGetPCIBusId(bus, sizeof bus, device), "cudaDeviceGetPCIBusId").ok()) return false;
  if (start() != 0) return false;
  void* handle = nullptr;
  capabilities found{version, 0};
  const bool enabled = find(bus, &handle) == 0 && ask(handle, &found) == 0 && (found.mask & egm) != 0;
  stop();
  return enabled;
}

}  // namespace cmm::cuda
