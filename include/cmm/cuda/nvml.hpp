#pragma once

#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "calls.hpp"

namespace cmm::cuda {

/// NVML, loaded while the program runs, so that nothing needs it. Ask `why_not` before a question.
///
/// Every question gives nothing where the driver is too old for it or refuses.
class nvml {
 public:
  using device = void*;

  nvml() {
    if (library_ == nullptr) {
      why_not_ = "libnvidia-ml.so.1 cannot be loaded";
      return;
    }
    const auto start = function<int()>("nvmlInit_v2");
    const int code = start == nullptr ? -1 : start();
    started_ = code == 0;
    if (!started_) why_not_ = "nvmlInit_v2 failed with NVML error " + std::to_string(code);
  }
  ~nvml() {
    if (const auto stop = function<int()>("nvmlShutdown"); started_ && stop != nullptr) stop();
  }
  nvml(const nvml&) = delete;
  nvml& operator=(const nvml&) = delete;

  /// Why NVML does not answer; empty when it does.
  [[nodiscard]] const std::string& why_not() const noexcept { return why_not_; }

  /// The GPU at a PCI address, null if NVML does not know it.
  [[nodiscard]] device find(const std::string& bus) const {
    device found = nullptr;
    return ask("nvmlDeviceGetHandleByPciBusId_v2", bus.c_str(), &found) ? found : nullptr;
  }
  [[nodiscard]] std::string driver_version() const {
    char text[96] = {};
    return ask("nvmlSystemGetDriverVersion", static_cast<char*>(text), unsigned{sizeof text}) ? text : "";
  }

  /// What a call fills into one unsigned integer.
  [[nodiscard]] std::optional<std::int64_t> number(const char* call, device of) const {
    unsigned value = 0;
    return ask(call, of, &value) ? std::optional<std::int64_t>{value} : std::nullopt;
  }
  /// The same of one link of NVLink.
  [[nodiscard]] std::optional<std::int64_t> of_link(const char* call, device of, unsigned link) const {
    unsigned value = 0;
    return ask(call, of, link, &value) ? std::optional<std::int64_t>{value} : std::nullopt;
  }
  /// The GPU at the other end of a link of NVLink, null if there is another device or NVML does not tell.
  [[nodiscard]] device end_of_link(device of, unsigned link) const {
    struct {
      char legacy_bus[16];
      unsigned numbers[5];
      char bus[32];
    } place{};
    const bool told = ask("nvmlDeviceGetNvLinkRemotePciInfo_v2", of, link, static_cast<void*>(&place));
    return told ? find(place.bus) : nullptr;
  }
  /// What a call fills into the second word of a structure that starts with its size and version 1.
  [[nodiscard]] std::optional<std::int64_t> versioned(const char* call, device of) const {
    struct {
      unsigned version = 8 | (1U << 24U);
      unsigned value = 0;
    } answer;
    return ask(call, of, &answer) ? std::optional<std::int64_t>{answer.value} : std::nullopt;
  }
  /// A field by its number in NVML, of one link where it has several.
  [[nodiscard]] std::optional<std::int64_t> field(device of, unsigned id, unsigned scope = 0) const {
    struct {
      unsigned id;
      unsigned scope;
      long long timestamp;
      long long latency;
      unsigned type;
      int result;
      union {
        unsigned whole;
        unsigned long long long_whole;
        double real;
      } value;
    } answer{id, scope, 0, 0, 0, 0, {}};
    static_assert(sizeof answer == 40, "cmm: nvmlFieldValue_t is 40 bytes long");
    constexpr unsigned types_of_32_bits = 1;
    if (!ask("nvmlDeviceGetFieldValues", of, 1, &answer) || answer.result != 0) return std::nullopt;
    if (answer.type == types_of_32_bits) return answer.value.whole;
    return answer.type == 0 ? static_cast<std::int64_t>(answer.value.real)
                            : static_cast<std::int64_t>(answer.value.long_whole);
  }
  [[nodiscard]] std::optional<std::int64_t> memory_total(device of) const {
    unsigned long long bytes[3] = {};  // total, free, used
    if (!ask("nvmlDeviceGetMemoryInfo", of, static_cast<void*>(bytes))) return std::nullopt;
    return static_cast<std::int64_t>(bytes[0]);
  }

 private:
  template <class Signature>
  [[nodiscard]] Signature* function(const char* name) const {
    return library_ == nullptr ? nullptr : reinterpret_cast<Signature*>(::dlsym(library_.get(), name));
  }
  template <class... Arguments>
  [[nodiscard]] bool ask(const char* name, Arguments... arguments) const {
    const auto call = started_ ? function<int(Arguments...)>(name) : nullptr;
    return call != nullptr && call(arguments...) == 0;
  }

  struct closer {
    void operator()(void* handle) const noexcept { ::dlclose(handle); }
  };
  std::unique_ptr<void, closer> library_{::dlopen("libnvidia-ml.so.1", RTLD_LAZY | RTLD_LOCAL)};
  bool started_ = false;
  std::string why_not_;
};

/// The PCI address of a CUDA device, empty where CUDA does not tell.
inline std::string pci_bus(int device) {
  char bus[32] = {};
  return answer(cudaDeviceGetPCIBusId(bus, sizeof bus, device), "cudaDeviceGetPCIBusId").ok() ? bus : "";
}

}  // namespace cmm::cuda
