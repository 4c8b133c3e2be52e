#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "../core/requirements.hpp"

namespace cmm::platform {

/// Why CUDA may give no answer, and what helps.
struct cuda_trouble {
  int code;
  std::string_view name;
  std::string_view meaning;  ///< as cudaGetErrorString has it
  std::string_view cure;
};

inline constexpr std::array<cuda_trouble, 15> cuda_troubles{{
    {2, "cudaErrorMemoryAllocation", "out of memory",
     "another process holds the memory, or page cache fills it; nvidia-smi shows who, and dropping the cache "
     "(echo 1 > /proc/sys/vm/drop_caches, as root) helps where CPU and GPU share memory"},
    {3, "cudaErrorInitializationError", "initialization error",
     "the driver could not start; see dmesg and nvidia-smi, and load the driver again or reboot"},
    {34, "cudaErrorStubLibrary", "CUDA driver is a stub library",
     "a stub of libcuda.so.1 is found before that of the driver; take the toolkit's stubs folder out of "
     "LD_LIBRARY_PATH"},
    {35, "cudaErrorInsufficientDriver", "CUDA driver version is insufficient for CUDA runtime version",
     "there is no driver, or it is older than the CUDA that this program was built with; update the driver, "
     "or use a "
     "program built with an older toolkit"},
    {36, "cudaErrorCallRequiresNewerDriver", "API call is not supported in the installed CUDA driver",
     "update the driver"},
    {46, "cudaErrorDevicesUnavailable", "CUDA-capable device(s) is/are busy or unavailable",
     "another process has the GPU in exclusive mode, or it is being reset; nvidia-smi shows both"},
    {100, "cudaErrorNoDevice", "no CUDA-capable device is detected",
     "look at nvidia-smi and CUDA_VISIBLE_DEVICES; a container needs --gpus all or the like"},
    {101, "cudaErrorInvalidDevice", "invalid device ordinal",
     "CUDA_VISIBLE_DEVICES names a GPU that is not there"},
    {214, "cudaErrorECCUncorrectable", "uncorrectable ECC error encountered",
     "the GPU's memory is damaged; reset the GPU or reboot, and see nvidia-smi -q -d ECC"},
    {500, "cudaErrorSymbolNotFound", "named symbol not found",
     "libcuda.so.1 lacks a function that this CUDA runtime needs, so the driver is too old or not NVIDIA's; "
     "update the driver"},
    {801, "cudaErrorNotSupported", "operation not supported", "update the driver"},
    {802, "cudaErrorSystemNotReady", "system not yet initialized",
     "the links between the GPUs are not up; start nvidia-fabricmanager in the version of the driver"},
    {803, "cudaErrorSystemDriverMismatch", "system has unsupported display driver / cuda driver combination",
     "libcuda.so.1 and the kernel module are of two versions; reboot or load the module again, and take a "
     "cuda-compat folder out of LD_LIBRARY_PATH"},
    {804, "cudaErrorCompatNotSupportedOnDevice", "forward compatibility was attempted on non supported HW",
     "cuda-compat does not work on this GPU; take its folder out of LD_LIBRARY_PATH and update the driver"},
    {999, "cudaErrorUnknown", "unknown error",
     "load nvidia_uvm (modprobe nvidia_uvm), check the files /dev/nvidia* in a container, or reboot; dmesg "
     "says more"},
}};

/// The trouble of a code; null for one that is not listed.
inline const cuda_trouble* find_trouble(std::int64_t code) noexcept {
  const auto found = std::find_if(cuda_troubles.begin(), cuda_troubles.end(),
                                  [&](const cuda_trouble& each) { return each.code == code; });
  return found == cuda_troubles.end() ? nullptr : &*found;
}

/// "CUDA error 802 (cudaErrorSystemNotReady), system not yet initialized: ...".
inline std::string explained(std::int64_t code, std::string_view name, std::string_view meaning) {
  std::string text = "CUDA error " + std::to_string(code);
  const cuda_trouble* const known = find_trouble(code);
  if (known != nullptr) name = known->name, meaning = known->meaning;
  if (!name.empty()) text += " (" + std::string{name} + ")";
  if (!meaning.empty()) text += ", " + std::string{meaning};
  return text + (known == nullptr ? "" : ": " + std::string{known->cure});
}

/// A reason that a recording has in CUDA's own words gets number and cure, too.
inline std::string explained(const std::string& reason) {
  for (const cuda_trouble& each : cuda_troubles) {
    const bool named =
        reason == each.meaning || reason == each.name || reason.ends_with(": " + std::string{each.meaning});
    if (named) return explained(each.code, each.name, each.meaning);
  }
  return reason;
}

}  // namespace cmm::platform
