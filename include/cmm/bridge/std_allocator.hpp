#pragma once

#include <limits>
#include <new>
#include <type_traits>

#include "../core/accessible.hpp"
#include "host_blocks.hpp"

namespace cmm {

/// A C++ allocator over a built allocator, for `std::vector` and Thrust's host containers.
///
/// Holds a reference, so the allocator must outlive the containers. Blocks belong to one device, the current
/// one of the constructor's thread unless named; naming it keeps the constructor free of CUDA calls. Each
/// allocation waits for the stream, because the host uses the memory at once. Exhaustion: `std::bad_alloc`.
/// Two are equal when each can free in order what the other took: same allocator, stream and device.
template <class T, bridgeable Allocator = archetype::allocator>
class std_allocator {
  static_assert(!std::is_same_v<Allocator, archetype::allocator>,
                "cmm: std_allocator has two types, such as cmm::std_allocator<float, decltype(memory)>");

 public:
  using value_type = T;

  /// A moved or swapped container keeps its memory; a copied one keeps its place, as only values are copied.
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;
  using propagate_on_container_copy_assignment = std::false_type;
  using is_always_equal = std::false_type;

  template <class Other>
  struct rebind {
    using other = std_allocator<Other, Allocator>;
  };

  explicit std_allocator(Allocator& memory, stream s = {}, int device = current_device)
      : memory_{&memory}, stream_{s}, device_{detail::fixed_device(memory, device)} {
    detail::need_host_access(memory);
  }
  explicit std_allocator(const Allocator&&) = delete;  // cmm: a bridge needs an allocator that outlives it
  explicit std_allocator(const Allocator*, ...) = delete;  // cmm: pass the allocator, not its address
  template <class Other>
  std_allocator(const std_allocator<Other, Allocator>& other) noexcept  // NOLINT(google-explicit-constructor)
      : memory_{&other.upstream()}, stream_{other.stream()}, device_{other.device()} {}

  /// Memory for `count` objects; `std::bad_array_new_length` when their bytes overflow.
  [[nodiscard]] T* allocate(std::size_t count) {
    if (count > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_array_new_length{};
    return static_cast<T*>(detail::take_for_host(*memory_, count * sizeof(T), alignof(T), stream_, device_));
  }
  void deallocate(T* data, std::size_t count) noexcept {
    detail::give_block(*memory_, data, count * sizeof(T), alignof(T), stream_, device_);
  }

  [[nodiscard]] Allocator& upstream() const noexcept { return *memory_; }
  [[nodiscard]] cmm::stream stream() const noexcept { return stream_; }
  [[nodiscard]] int device() const noexcept { return device_; }

  template <class Other>
  friend bool operator==(const std_allocator& a, const std_allocator<Other, Allocator>& b) noexcept {
    return &a.upstream() == &b.upstream() && a.device() == b.device() &&
           detail::meant(a.upstream().api(), a.stream()) == detail::meant(b.upstream().api(), b.stream());
  }

 private:
  Allocator* memory_;
  cmm::stream stream_;
  int device_;
};

}  // namespace cmm
