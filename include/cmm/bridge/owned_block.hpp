#pragma once

#include <new>
#include <utility>

#include "../core/concepts.hpp"

namespace cmm {

/// Owns one block of an allocator, which must outlive it: what it holds goes back in the order of its stream.
///
/// Moved and not copied. Exhaustion: `std::bad_alloc`. Threads: one at a time, as a `std::unique_ptr`.
template <allocator Allocator>
class owned_block {
 public:
  /// Holds nothing.
  owned_block() = default;
  /// Takes `bytes` bytes for use in the order of `s`, on the calling thread's device.
  owned_block(Allocator& memory, std::size_t bytes, cmm::stream s = {})
      : owned_block{memory, request{.bytes = bytes, .stream = s}} {}
  /// Takes what is asked for.
  owned_block(Allocator& memory, const request& r)
      : memory_{&memory}, block_{memory.allocate(r)}, stream_{r.stream} {
    if (!block_) throw std::bad_alloc{};
  }
  /// Takes over a block that this allocator handed out; an empty one is nothing.
  owned_block(Allocator& memory, const cmm::block& taken, cmm::stream s = {}) noexcept
      : memory_{&memory}, block_{taken}, stream_{s} {}
  owned_block(const Allocator*, auto...) = delete;      // cmm: pass the allocator, not its address
  owned_block(const owned_block&) = delete;             // cmm: a block has one owner; std::move() it on
  owned_block& operator=(const owned_block&) = delete;  // cmm: a block has one owner; std::move() it on
  owned_block(owned_block&& other) noexcept
      : memory_{other.memory_}, block_{other.release()}, stream_{other.stream_} {}
  owned_block& operator=(owned_block&& other) noexcept {
    if (this == &other) return *this;
    reset();
    memory_ = other.memory_;
    block_ = other.release();
    stream_ = other.stream_;
    return *this;
  }
  ~owned_block() { reset(); }

  /// Gives the block back now.
  void reset() noexcept {
    if (block_) memory_->deallocate(release(), stream_);
  }
  /// The block, which the caller gives back from now on.
  [[nodiscard]] cmm::block release() noexcept { return std::exchange(block_, cmm::block{}); }

  /// The block, which stays owned; empty where nothing is held.
  [[nodiscard]] const cmm::block& get() const noexcept { return block_; }
  [[nodiscard]] void* data() const noexcept { return block_.data; }
  /// Bytes of the block.
  [[nodiscard]] std::size_t size() const noexcept { return block_.bytes; }
  explicit operator bool() const noexcept { return static_cast<bool>(block_); }

  /// The stream in whose order the block goes back.
  [[nodiscard]] cmm::stream stream() const noexcept { return stream_; }
  /// Names the stream of the last user, after which the block goes back.
  void stream(cmm::stream last) noexcept { stream_ = last; }

 private:
  Allocator* memory_ = nullptr;
  cmm::block block_{};
  cmm::stream stream_{};
};

}  // namespace cmm
