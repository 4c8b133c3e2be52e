#pragma once

#include <cmm/core/units.hpp>
#include <cmm/cuda.hpp>
#include <cmm/source/device.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "cuda_check.hpp"

namespace engine {

/// An array in HBM, by a recipe of cmm.
template <class T>
class device_array {
 public:
  /// Throws where HBM has no room; the text says for what.
  device_array(std::size_t count, const char* what) : memory_{cmm::build(cmm::device{}, cmm::cuda::api{})} {
    block_ = memory_.allocate({.bytes = (count == 0 ? 1 : count) * sizeof(T)});
    if (!block_)
      throw std::runtime_error{"HBM has no room for " + cmm::size_text(count * sizeof(T)) + " of " + what +
                               "; take a smaller model, a smaller batch, or fewer slots"};
  }
  ~device_array() { memory_.deallocate(block_); }
  device_array(const device_array&) = delete;
  device_array& operator=(const device_array&) = delete;

  [[nodiscard]] T* data() const noexcept { return static_cast<T*>(block_.data); }

 private:
  decltype(cmm::build(cmm::device{}, cmm::cuda::api{})) memory_;
  cmm::block block_;
};

/// An array that the CPU writes and the GPU's copy engine reads, or the other way round.
template <class T>
class pinned_array {
 public:
  explicit pinned_array(std::size_t count) : count_{count} {
    void* got = nullptr;
    check(cudaMallocHost(&got, count * sizeof(T)), "cudaMallocHost");
    data_ = static_cast<T*>(got);
    std::uninitialized_value_construct_n(data_, count);
  }
  ~pinned_array() { (void)cudaFreeHost(data_); }
  pinned_array(const pinned_array&) = delete;
  pinned_array& operator=(const pinned_array&) = delete;

  [[nodiscard]] T* data() const noexcept { return data_; }
  [[nodiscard]] std::span<T> all() const noexcept { return {data_, count_}; }

 private:
  T* data_ = nullptr;
  std::size_t count_;
};

}  // namespace engine
