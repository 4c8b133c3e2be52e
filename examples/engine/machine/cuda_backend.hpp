#pragma once

#include <chrono>
#include <cmm/cuda.hpp>
#include <cmm/cuda/page_copier.hpp>
#include <string>

#include "cuda_check.hpp"
#include "cuda_model.hpp"

namespace engine {

/// The current GPU.
class cuda_backend {
 public:
  using model = cuda_model;
  static constexpr std::int32_t element_bytes = sizeof(kernels::bf16);
  static constexpr bool same_in_any_batch = false;  // cuBLAS sums by the shape of a product

  cuda_backend() {
    for (cudaStream_t* const each : {&stream_, &beside_})
      check(cudaStreamCreateWithFlags(each, cudaStreamNonBlocking), "cudaStreamCreate");
  }
  ~cuda_backend() {
    for (cudaStream_t const each : {stream_, beside_}) (void)cudaStreamDestroy(each);
  }
  cuda_backend(const cuda_backend&) = delete;
  cuda_backend& operator=(const cuda_backend&) = delete;

  [[nodiscard]] static cmm::cuda::api api() noexcept { return {}; }
  [[nodiscard]] cmm::cuda::page_copier& copier() noexcept { return copier_; }
  [[nodiscard]] cudaStream_t stream() const noexcept { return stream_; }
  [[nodiscard]] cudaStream_t beside() const noexcept { return beside_; }
  [[nodiscard]] double seconds() const {
    check(cudaStreamSynchronize(stream_), "waiting for a step");
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
  }
  [[nodiscard]] std::string text() const {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, copier_.device()), "asking for the name of the GPU");
    return properties.name;
  }

 private:
  cmm::cuda::page_copier copier_;
  cudaStream_t stream_ = nullptr;
  cudaStream_t beside_ = nullptr;
};

}  // namespace engine
