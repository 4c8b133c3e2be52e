#pragma once

#include <cmm/cmm.hpp>

#include "../workload/workload.hpp"
#include "row.hpp"

namespace cmm::bench {

/// A block of memory from a recipe, for as long as a case needs it. Throws when there is none.
template <class Memory>
class held {
 public:
  held(Memory& memory, std::size_t bytes, stream on)
      : memory_{memory}, block_{memory.allocate(bytes, on)}, stream_{on} {
    if (!block_) throw ran_out{bytes, size_in_full(bytes)};
  }
  ~held() { memory_.deallocate(block_, stream_); }
  held(const held&) = delete;
  held& operator=(const held&) = delete;

  [[nodiscard]] char* data() const noexcept { return static_cast<char*>(block_.data); }
  [[nodiscard]] block get() const noexcept { return block_; }

 private:
  Memory& memory_;
  block block_;
  stream stream_;
};

/// Pinned host memory, for as long as a case needs it.
template <workload Workload>
class pinned_buffer {
 public:
  pinned_buffer(Workload& work, std::size_t bytes) : work_{work}, data_{work.pinned(bytes)} {}
  ~pinned_buffer() {
    try {
      work_.free_pinned(data_);
    } catch (const std::exception& error) {  // the rows go on, and each says for itself what it met
      detail::say(std::string{"pinned memory was not freed: "} + error.what());
    }
  }
  pinned_buffer(const pinned_buffer&) = delete;
  pinned_buffer& operator=(const pinned_buffer&) = delete;

  [[nodiscard]] char* data() const noexcept { return static_cast<char*>(data_); }

 private:
  Workload& work_;
  void* data_;
};

}  // namespace cmm::bench
