#pragma once

#include <algorithm>
#include <random>

#include "host_memory.hpp"

namespace cmm::bench::kv_access {

/// The sizes of a paged KV cache, in bytes.
struct shape {
  std::size_t arena = 0;  ///< of each tier
  std::size_t step = 0;   ///< read by one decode step
  std::size_t block = 0;
  int host_percent = 0;  ///< of the blocks of a step

  [[nodiscard]] std::size_t blocks() const { return step / block; }
  [[nodiscard]] std::size_t host_blocks() const {
    return blocks() * static_cast<std::size_t>(host_percent) / 100;
  }
  [[nodiscard]] std::size_t host_bytes() const { return host_blocks() * block; }
};

/// The blocks that one decode step reads: drawn anew for each step, without repetition, in random order.
class step {
 public:
  step(const shape& size, char* gpu, char* host) : size_{size}, gpu_{gpu}, host_{host} {
    order_.resize(size.arena / size.block);
    for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = i;
  }

  void draw() {
    std::shuffle(order_.begin(), order_.end(), random_);
    far_.clear();
    all_.clear();
    for (std::size_t i = 0; i < size_.blocks(); ++i) {
      const bool on_host = i < size_.host_blocks();
      const char* const block = (on_host ? host_ : gpu_) + order_[i] * size_.block;
      if (on_host) far_.push_back(block);
      all_.push_back(block);
    }
    std::shuffle(all_.begin(), all_.end(), random_);
  }

  [[nodiscard]] std::size_t block() const noexcept { return size_.block; }
  [[nodiscard]] std::span<const void* const> on_host() const noexcept { return far_; }
  [[nodiscard]] std::span<const void* const> all() const noexcept { return all_; }

  /// Copies of the blocks on the host into a staging buffer, and the table of all blocks after them.
  [[nodiscard]] std::vector<copy_range> copies(char* staging) const {
    std::vector<copy_range> result;
    result.reserve(far_.size());
    for (const void* block : far_)
      result.push_back({staging + result.size() * size_.block, block, size_.block});
    return result;
  }
  [[nodiscard]] std::vector<const void*> staged(const char* staging) const {
    std::vector<const void*> result;
    result.reserve(all_.size());
    for (std::size_t i = 0; i < far_.size(); ++i) result.push_back(staging + i * size_.block);
    for (std::size_t i = far_.size(); i < size_.blocks(); ++i)
      result.push_back(gpu_ + order_[i] * size_.block);
    return result;
  }

 private:
  shape size_;
  char* gpu_;
  char* host_;
  std::vector<std::size_t> order_;
  std::vector<const void*> far_;
  std::vector<const void*> all_;
  std::minstd_rand random_;  // the same steps in every run
};

}  // namespace cmm::bench::kv_access
