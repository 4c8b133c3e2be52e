#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <string>

#include "product.hpp"

namespace cmm::bench {

/// Matrix products by cuBLASLt, each shape with the algorithm it recommends first, chosen once.
class cublas_product {
 public:
  cublas_product();
  ~cublas_product();
  cublas_product(const cublas_product&) = delete;
  cublas_product& operator=(const cublas_product&) = delete;

  /// Why products of this type cannot run on the current GPU; empty when they can.
  [[nodiscard]] std::string why_no(number kind);

  /// Puts C = A^T * B into the stream. Throws `std::runtime_error` with what cuBLASLt answered.
  void multiply(const product& shape, const void* a, const void* b, void* c, cudaStream_t stream);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace cmm::bench
