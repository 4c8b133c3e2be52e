#pragma once

#include <cmm/cuda.hpp>
#include <cstring>
#include <span>

namespace cmm::bench {

/// The addresses of KV blocks in device memory, uploaded from pinned memory before each step as engines do.
class block_table {
 public:
  block_table() = default;
  ~block_table() { release(); }
  block_table(const block_table&) = delete;
  block_table& operator=(const block_table&) = delete;

  /// Puts the upload into the stream. The stream must be done with the table before.
  void upload(std::span<const void* const> blocks, cudaStream_t stream) {
    reserve(blocks.size_bytes());
    std::memcpy(staged_, blocks.data(), blocks.size_bytes());
    check(cudaMemcpyAsync(data_, staged_, blocks.size_bytes(), cudaMemcpyHostToDevice, stream));
  }
  [[nodiscard]] const void* const* data() const noexcept { return static_cast<const void* const*>(data_); }

 private:
  static void check(cudaError_t code) {
    if (code != cudaSuccess) detail::fail(cuda::answer(code, "cudaMemcpyAsync"), "uploading a block table");
  }
  void reserve(std::size_t bytes) {
    if (bytes <= bytes_) return;
    release();
    check(cudaMallocHost(&staged_, bytes));
    check(cudaMalloc(&data_, bytes));
    bytes_ = bytes;
  }
  void release() noexcept {
    (void)cudaFreeHost(staged_);
    (void)cudaFree(data_);
    staged_ = data_ = nullptr;
    bytes_ = 0;
  }

  void* staged_ = nullptr;
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace cmm::bench
