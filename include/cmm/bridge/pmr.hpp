#pragma once

#include <memory_resource>

#include "../core/accessible.hpp"
#include "host_blocks.hpp"

namespace cmm {

/// A `std::pmr::memory_resource` over a built allocator, for host code: containers of `std::pmr` and arenas.
///
/// Holds a reference, so the allocator must outlive it. Blocks belong to one device, the current one of the
/// constructor's thread unless named; naming it keeps the constructor free of CUDA calls. Each allocation
/// waits for the stream, because the host uses the memory at once. Exhaustion: `std::bad_alloc`. An alignment
/// above 256 bytes costs as many bytes more. Threads: as the allocator. Two are equal when each can free in
/// order what the other took; without RTTI a resource equals itself alone.
template <bridgeable Allocator>
class pmr_resource final : public std::pmr::memory_resource {
 public:
  explicit pmr_resource(Allocator& memory, stream s = {}, int device = current_device)
      : memory_{memory}, stream_{s}, device_{detail::fixed_device(memory, device)} {
    detail::need_host_access(memory);
  }

  explicit pmr_resource(const Allocator&&) = delete;      // cmm: a bridge needs an allocator that outlives it
  explicit pmr_resource(const Allocator*, ...) = delete;  // cmm: pass the allocator, not its address

  [[nodiscard]] Allocator& upstream() const noexcept { return memory_; }
  [[nodiscard]] cmm::stream stream() const noexcept { return stream_; }
  [[nodiscard]] int device() const noexcept { return device_; }

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    return detail::take_for_host(memory_, bytes, alignment, stream_, device_);
  }
  void do_deallocate(void* data, std::size_t bytes, std::size_t alignment) override {
    detail::give_block(memory_, data, bytes, alignment, stream_, device_);
  }
  [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
#if !defined(__cpp_rtti)
    return this == &other;
#else
    const auto* const same = dynamic_cast<const pmr_resource*>(&other);
    return same != nullptr && &same->memory_ == &memory_ &&
           detail::meant(memory_.api(), same->stream_) == detail::meant(memory_.api(), stream_) &&
           same->device_ == device_;
#endif
  }

  Allocator& memory_;
  cmm::stream stream_;
  int device_;
};

}  // namespace cmm
