#pragma once

#include <cublas_v2.h>
#include <cuda_bf16.h>

#include <stdexcept>
#include <string>

#include "cuda_memory.hpp"

namespace engine {

/// Products of bf16 matrices by cuBLAS, summed in fp32.
class cuda_products {
 public:
  explicit cuda_products(cudaStream_t in) : workspace_{workspace_bytes, "the workspace of cuBLAS"} {
    check(cublasCreate(&cublas_), "cublasCreate");
    check(cublasSetStream(cublas_, in), "cublasSetStream");
    // Its own, as that of cuBLAS might be allocated while a graph is captured.
    check(cublasSetWorkspace(cublas_, workspace_.data(), workspace_bytes), "cublasSetWorkspace");
  }
  ~cuda_products() { (void)cublasDestroy(cublas_); }
  cuda_products(const cuda_products&) = delete;
  cuda_products& operator=(const cuda_products&) = delete;

  /// `out[count, outs] = in[count, ins] * weights[outs, ins]` transposed, all by rows; fp32 or bf16 results.
  template <class Result>
  void multiply(const __nv_bfloat16* weights, const __nv_bfloat16* in, Result* out, int count, int outs,
                int ins) {
    constexpr cudaDataType_t type = sizeof(Result) == sizeof(float) ? CUDA_R_32F : CUDA_R_16BF;
    const float one = 1, none = 0;
    check(cublasGemmEx(cublas_, CUBLAS_OP_T, CUBLAS_OP_N, outs, count, ins, &one, weights, CUDA_R_16BF, ins,
                       in, CUDA_R_16BF, ins, &none, out, type, outs, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
          "cublasGemmEx");
  }

 private:
  static constexpr std::size_t workspace_bytes = std::size_t{64} << 20;

  static void check(cublasStatus_t code, const char* call) {
    if (code == CUBLAS_STATUS_SUCCESS) return;
    throw std::runtime_error{std::string{call} + " failed: " + cublasGetStatusString(code)};
  }

  device_array<std::byte> workspace_;
  cublasHandle_t cublas_ = nullptr;
};

}  // namespace engine
