#pragma once

#include <string>
#include <vector>

#include "../cuda/api.hpp"
#include "../cuda/residency.hpp"
#include "edge.hpp"

namespace cmm::torch {

/// The CUDA runtime under a library.
struct on_cuda {
  static constexpr int runtime = CUDART_VERSION;

  static std::string name() { return "cuda"; }
  static cuda::api api() noexcept { return {}; }

  static std::vector<residence> residency(cuda::api&, const void* data, std::size_t bytes, int device) {
    return cuda::residency(data, bytes, device);
  }

  /// Memory that the driver moves: managed, or any host memory where the GPU reads pageable memory.
  static void need_managed(cuda::api& api, const void* data, int device) {
    cudaPointerAttributes seen{};
    cmm::detail::check(cuda::answer(cudaPointerGetAttributes(&seen, data), "cudaPointerGetAttributes"),
                       "asking what memory a tensor has");
    int pageable = 0;
    if (seen.type == cudaMemoryTypeUnregistered) {
      cmm::detail::check(api.attribute(device, attribute::pageable_memory_access, pageable),
                         "asking what memory a tensor has");
    }
    if (seen.type == cudaMemoryTypeManaged || pageable != 0) return;
    throw bad_request{std::string{"this tensor is in "} +
                      (seen.type == cudaMemoryTypeDevice ? "device memory" : "host memory") +
                      ", which does not migrate; it must be managed, from a recipe such as managed | pool"};
  }

  static status withdraw(cuda::api&, void* data, std::size_t bytes, advice what, location where) noexcept {
    const cuda::relaxed_capture relaxed;
    constexpr cudaMemoryAdvise advices[] = {cudaMemAdviseUnsetPreferredLocation, cudaMemAdviseUnsetAccessedBy,
                                            cudaMemAdviseUnsetReadMostly};
    return cuda::answer(cudaMemAdvise(data, bytes, advices[static_cast<int>(what)], cuda::native(where)),
                        "cudaMemAdvise");
  }

  /// The driver takes no discard in the legacy default stream.
  static status discard(cuda::api&, void* data, std::size_t bytes, stream s) noexcept {
    void* ranges[] = {data};
    std::size_t sizes[] = {bytes};
    return cuda::answer(cudaMemDiscardBatchAsync(ranges, sizes, 1, 0, cuda::native(s)),
                        "cudaMemDiscardBatchAsync");
  }
};

}  // namespace cmm::torch
