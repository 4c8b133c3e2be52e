#pragma once

#include <cuda_runtime_api.h>

#include <bit>
#include <cstdint>
#include <map>

#include "cuda_check.hpp"

namespace engine {

/// Captured work, one graph for each size of a batch: powers of two, up to which batches are padded.
class cuda_graphs {
 public:
  cuda_graphs() = default;
  ~cuda_graphs() {
    for (const auto& [size, graph] : graphs_) (void)cudaGraphExecDestroy(graph);
  }
  cuda_graphs(const cuda_graphs&) = delete;
  cuda_graphs& operator=(const cuda_graphs&) = delete;

  static std::int32_t padded(std::int32_t size) noexcept {
    return static_cast<std::int32_t>(std::bit_ceil(static_cast<std::uint32_t>(size)));
  }

  /// Captures what `enqueue` puts into the stream. Nothing runs.
  template <class Enqueue>
  void capture(std::int32_t size, cudaStream_t in, Enqueue&& enqueue) {
    cudaGraph_t graph = nullptr;
    check(cudaStreamBeginCapture(in, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    enqueue();
    check(cudaStreamEndCapture(in, &graph), "cudaStreamEndCapture");
    const cudaError_t made = cudaGraphInstantiate(&graphs_[size], graph, 0);
    (void)cudaGraphDestroy(graph);
    check(made, "cudaGraphInstantiate");
  }

  void launch(std::int32_t size, cudaStream_t in) const {
    check(cudaGraphLaunch(graphs_.at(size), in), "cudaGraphLaunch");
  }

 private:
  std::map<std::int32_t, cudaGraphExec_t> graphs_;
};

}  // namespace engine
