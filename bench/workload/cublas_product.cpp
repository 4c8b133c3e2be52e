#ifdef CMM_BENCH_CUDA

#include "cublas_product.hpp"

#include <map>
#include <stdexcept>
#include <tuple>

#ifdef CMM_BENCH_CUBLAS
#include <cublasLt.h>
#endif

namespace cmm::bench {

#ifdef CMM_BENCH_CUBLAS
namespace {

void check(cublasStatus_t code, const char* call) {
  if (code == CUBLAS_STATUS_SUCCESS) return;
  throw std::runtime_error{std::string{call} + " failed: " + cublasLtGetStatusString(code)};
}

cudaDataType_t operand_type(number kind) {
  return kind == number::bf16 ? CUDA_R_16BF : kind == number::fp8 ? CUDA_R_8F_E4M3 : CUDA_R_32F;
}

/// A matrix of n rows.
class layout {
 public:
  layout(cudaDataType_t type, std::size_t n, std::size_t columns) {
    check(cublasLtMatrixLayoutCreate(&native_, type, n, columns, static_cast<std::int64_t>(n)),
          "cublasLtMatrixLayoutCreate");
  }
  ~layout() { (void)cublasLtMatrixLayoutDestroy(native_); }
  layout(const layout&) = delete;
  layout& operator=(const layout&) = delete;
  operator cublasLtMatrixLayout_t() const noexcept { return native_; }  // NOLINT(google-explicit-constructor)

 private:
  cublasLtMatrixLayout_t native_ = nullptr;
};

/// A product whose first operand is transposed, summed in fp32.
class operation {
 public:
  operation() {
    check(cublasLtMatmulDescCreate(&native_, CUBLAS_COMPUTE_32F, CUDA_R_32F), "cublasLtMatmulDescCreate");
    const cublasOperation_t transposed = CUBLAS_OP_T;
    const cublasStatus_t set =
        cublasLtMatmulDescSetAttribute(native_, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof transposed);
    if (set != CUBLAS_STATUS_SUCCESS) (void)cublasLtMatmulDescDestroy(native_);
    check(set, "cublasLtMatmulDescSetAttribute");
  }
  ~operation() { (void)cublasLtMatmulDescDestroy(native_); }
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;
  operator cublasLtMatmulDesc_t() const noexcept { return native_; }  // NOLINT(google-explicit-constructor)

 private:
  cublasLtMatmulDesc_t native_ = nullptr;
};

}  // namespace

/// The descriptors of one shape and the algorithm that was chosen for it.
struct planned {
  planned(cublasLtHandle_t handle, const product& shape, std::size_t workspace)
      : operand{operand_type(shape.kind), shape.n, shape.n},
        other{operand_type(shape.kind), shape.n, shape.columns()},
        result{shape.kind == number::fp32 ? CUDA_R_32F : CUDA_R_16BF, shape.n, shape.columns()} {
    cublasLtMatmulPreference_t preference = nullptr;
    check(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
    int found = 0;
    cublasStatus_t asked = cublasLtMatmulPreferenceSetAttribute(
        preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace);
    if (asked == CUBLAS_STATUS_SUCCESS) {
      asked = cublasLtMatmulAlgoGetHeuristic(handle, what, operand, other, result, result, preference, 1,
                                             &chosen, &found);
    }
    (void)cublasLtMatmulPreferenceDestroy(preference);
    check(asked, "cublasLtMatmulAlgoGetHeuristic");
    if (found == 0) throw std::runtime_error{"cuBLASLt has no algorithm for this product"};
  }
  layout operand;
  layout other;
  layout result;
  operation what;
  cublasLtMatmulHeuristicResult_t chosen{};
};

struct cublas_product::state {
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;

  state() {
    check(cublasLtCreate(&handle), "cublasLtCreate");
    if (cudaMalloc(&workspace, workspace_bytes) != cudaSuccess) {
      (void)cublasLtDestroy(handle);
      throw std::runtime_error{"32MiB of GPU memory for cuBLASLt could not be had; free some and run again"};
    }
  }
  ~state() {
    (void)cudaFree(workspace);
    (void)cublasLtDestroy(handle);
  }
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  const planned& plan(const product& shape) {
    std::unique_ptr<planned>& known = plans[{shape.kind, shape.n, shape.columns()}];
    if (!known) known = std::make_unique<planned>(handle, shape, workspace_bytes);
    return *known;
  }

  cublasLtHandle_t handle = nullptr;
  void* workspace = nullptr;
  std::map<std::tuple<number, std::size_t, std::size_t>, std::unique_ptr<planned>> plans;
};

std::string cublas_product::why_no(number kind) {
  int device = 0;
  int major = 0;
  int minor = 0;
  if (cudaGetDevice(&device) != cudaSuccess ||
      cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) != cudaSuccess ||
      cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device) != cudaSuccess) {
    return "the compute capability of the GPU cannot be asked";
  }
  const int capability = major * 10 + minor;
  if (kind == number::fp8 && capability < 89) return "fp8 needs a GPU of compute capability 8.9 or newer";
  if (kind == number::bf16 && capability < 80) return "bf16 needs a GPU of compute capability 8.0 or newer";
  return "";
}

void cublas_product::multiply(const product& shape, const void* a, const void* b, void* c,
                              cudaStream_t stream) {
  if (!state_) state_ = std::make_unique<state>();
  const planned& plan = state_->plan(shape);
  const float one = 1;
  const float none = 0;
  check(cublasLtMatmul(state_->handle, plan.what, &one, a, plan.operand, b, plan.other, &none, c, plan.result,
                       c, plan.result, &plan.chosen.algo, state_->workspace, state::workspace_bytes, stream),
        "cublasLtMatmul");
}

#else

struct cublas_product::state {};

std::string cublas_product::why_no(number) { return "this cmm_bench was built without cuBLAS"; }

void cublas_product::multiply(const product&, const void*, const void*, void*, cudaStream_t) {
  throw std::runtime_error{why_no(number::bf16)};
}

#endif

cublas_product::cublas_product() = default;
cublas_product::~cublas_product() = default;

}  // namespace cmm::bench

#endif
