#pragma once

#if defined(_CUDA_MEMORY_RESOURCE) && !defined(LIBCUDACXX_ENABLE_EXPERIMENTAL_MEMORY_RESOURCE)
#include <cuda/std/__cccl/version.h>
#if CCCL_VERSION < 3001000
#error \
    "cmm: <cuda/memory_resource> came first and is empty; define LIBCUDACXX_ENABLE_EXPERIMENTAL_MEMORY_RESOURCE"
#endif
#endif
#ifndef LIBCUDACXX_ENABLE_EXPERIMENTAL_MEMORY_RESOURCE
#define LIBCUDACXX_ENABLE_EXPERIMENTAL_MEMORY_RESOURCE
#endif
#include <cuda/memory_resource>
#include <cuda/stream_ref>

#include "../bridge/host_blocks.hpp"
#include "../core/accessible.hpp"

namespace cmm::cuda {

/// A built allocator as a resource of `cuda::mr`, for the CCCL of toolkit 13.0 (3.0) and for later ones: a
/// handle that is copied and compared by the allocator and the device it stands for.
///
/// The allocator must outlive it. Blocks belong to one device, the current one of the constructor's thread
/// unless named; naming it keeps the constructor free of CUDA calls. Sizes and alignments are in bytes.
/// Errors are those of CCCL: `std::bad_alloc` when memory ran out, `cuda::cuda_error` of CCCL, and
/// `std::invalid_argument` for a request that cannot be served, such as an alignment that is no power of two;
/// one above 256 costs as many bytes more. Threads: as the allocator.
template <bridgeable Allocator>
class memory_resource {
 public:
  explicit memory_resource(Allocator& memory, int device = current_device)
      : memory_{&memory}, device_{translated([&] { return cmm::detail::fixed_device(memory, device); })} {}

#if CCCL_VERSION >= 3002000
  using default_queries = std::conditional_t<
      host_accessible<Allocator>,
      ::cuda::mr::properties_list<::cuda::mr::device_accessible, ::cuda::mr::host_accessible>,
      ::cuda::mr::properties_list<::cuda::mr::device_accessible>>;
#endif

  /// Memory in the order of a stream.
  void* allocate(::cuda::stream_ref s, std::size_t bytes, std::size_t alignment = guaranteed_alignment) {
    return translated(
        [&] { return cmm::detail::take_block(*memory_, bytes, alignment, s.get(), device_).data; });
  }
  void deallocate(::cuda::stream_ref s, void* data, std::size_t bytes,
                  std::size_t alignment = guaranteed_alignment) noexcept {
    cmm::detail::give_block(*memory_, data, bytes, alignment, s.get(), device_);
  }

  /// Memory that every stream and the host may use at once: waits for the default stream.
  void* allocate_sync(std::size_t bytes, std::size_t alignment = guaranteed_alignment) {
    return translated(
        [&] { return cmm::detail::take_for_host(*memory_, bytes, alignment, stream{}, device_); });
  }
  /// Work that uses the memory must be done, or be in a stream that the default stream waits for.
  void deallocate_sync(void* data, std::size_t bytes, std::size_t alignment = guaranteed_alignment) noexcept {
    cmm::detail::give_block(*memory_, data, bytes, alignment, stream{}, device_);
  }

  /// The same by the names of CCCL 3.0.
  void* allocate(std::size_t bytes, std::size_t alignment = guaranteed_alignment) {
    return allocate_sync(bytes, alignment);
  }
  void deallocate(void* data, std::size_t bytes, std::size_t alignment = guaranteed_alignment) noexcept {
    deallocate_sync(data, bytes, alignment);
  }
  void* allocate_async(std::size_t bytes, std::size_t alignment, ::cuda::stream_ref s) {
    return allocate(s, bytes, alignment);
  }
  void* allocate_async(std::size_t bytes, ::cuda::stream_ref s) { return allocate(s, bytes); }
  void deallocate_async(void* data, std::size_t bytes, std::size_t alignment, ::cuda::stream_ref s) noexcept {
    deallocate(s, data, bytes, alignment);
  }
  void deallocate_async(void* data, std::size_t bytes, ::cuda::stream_ref s) noexcept {
    deallocate(s, data, bytes);
  }

  [[nodiscard]] Allocator& upstream() const noexcept { return *memory_; }
  [[nodiscard]] int device() const noexcept { return device_; }

  friend bool operator==(const memory_resource&, const memory_resource&) noexcept = default;
  friend constexpr void get_property(const memory_resource&, ::cuda::mr::device_accessible) noexcept {}
  friend constexpr void get_property(const memory_resource&, ::cuda::mr::host_accessible) noexcept
      requires(host_accessible<Allocator>) {}

 private:
  static auto translated(auto&& call) {
    try {
      return call();
    } catch (const cuda_error& failed) {
      throw ::cuda::cuda_error{static_cast<cudaError_t>(failed.code()), failed.what()};
    }
  }

  Allocator* memory_;
  int device_;
};

}  // namespace cmm::cuda
