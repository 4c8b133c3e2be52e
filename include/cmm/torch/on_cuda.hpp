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
};

}  // namespace cmm::torch
