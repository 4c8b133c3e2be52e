#pragma once

#include <cuda_runtime_api.h>

#include "../core/api.hpp"

static_assert(CUDART_VERSION >= 13000, "cmm: the CUDA api needs a toolkit of version 13 or newer");

namespace cmm::cuda {

inline cudaStream_t native(stream s) noexcept { return static_cast<cudaStream_t>(s.native()); }
inline cudaEvent_t native(event e) noexcept { return static_cast<cudaEvent_t>(e.native); }
inline cudaMemPool_t native(pool_handle p) noexcept { return static_cast<cudaMemPool_t>(p.native); }

inline cudaMemLocation native(location where) noexcept {
  switch (where.what) {
    case location::kind::device: return {cudaMemLocationTypeDevice, where.id};
    case location::kind::host: return {cudaMemLocationTypeHost, 0};
    case location::kind::host_numa: return {cudaMemLocationTypeHostNuma, where.id};
    case location::kind::none: break;
  }
  return {cudaMemLocationTypeNone, 0};
}

/// Turns a runtime code into a status. A failure is taken out of the runtime's last error, so that a later
/// `cudaGetLastError` of the user does not find ours.
inline status answer(cudaError_t code, const char* call) noexcept {
  if (code == cudaSuccess) [[likely]]
    return {errc::success, call};
  (void)cudaGetLastError();
  return {static_cast<errc>(code), call};
}

/// Makes a device current on this thread until its end; `current_device` asks which one is.
class device_scope {
 public:
  explicit device_scope(int wanted) noexcept : result_{answer(cudaGetDevice(&device_), "cudaGetDevice")} {
    if (!result_.ok() || wanted == current_device || wanted == device_) return;
    result_ = answer(cudaSetDevice(wanted), "cudaSetDevice");
    if (result_.ok()) {
      previous_ = device_;
      device_ = wanted;
    }
  }
  ~device_scope() {
    if (previous_ != current_device) (void)answer(cudaSetDevice(previous_), "cudaSetDevice");
  }
  device_scope(const device_scope&) = delete;
  device_scope& operator=(const device_scope&) = delete;

  [[nodiscard]] status result() const noexcept { return result_; }
  [[nodiscard]] int device() const noexcept { return device_; }

 private:
  int device_ = 0;
  int previous_ = current_device;
  status result_;
};

/// Lets this thread make calls that a capture in its default mode forbids, such as `cudaMallocManaged`.
class relaxed_capture {
 public:
  relaxed_capture() noexcept { (void)answer(cudaThreadExchangeStreamCaptureMode(&mode_), ""); }
  ~relaxed_capture() { (void)answer(cudaThreadExchangeStreamCaptureMode(&mode_), ""); }
  relaxed_capture(const relaxed_capture&) = delete;
  relaxed_capture& operator=(const relaxed_capture&) = delete;

 private:
  cudaStreamCaptureMode mode_ = cudaStreamCaptureModeRelaxed;
};

}  // namespace cmm::cuda
