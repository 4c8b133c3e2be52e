#pragma once

#include <span>

#include "backend.hpp"
#include "cuda_graphs.hpp"
#include "cuda_memory.hpp"
#include "cuda_products.hpp"
#include "kernels/kernels.hpp"

namespace engine {

class cuda_backend;

/// The model on a GPU. A step that only decodes is one graph, which reads its tokens and its table from fixed
/// places; those are written before it is launched.
class cuda_model {
 public:
  /// Throws `cmm::bad_text` for a shape that the kernels are not compiled for.
  cuda_model(cuda_backend& on, const options& how, const page_memory& pages);

  [[nodiscard]] std::span<std::int32_t> table() noexcept { return table_.all(); }
  void copy(std::span<const cmm::kv::slot_copy> copies);
  std::span<const next_token> run(const batch& work);

 private:
  using bf16 = kernels::bf16;

  void draw(std::span<const drawn_page> pages);
  void send(const batch& work, std::int32_t padded);
  void compute(std::int32_t tokens, std::int32_t wanted);
  void layer(std::int32_t number, std::int32_t tokens);
  void capture_all(std::int32_t batch);
  [[nodiscard]] kernels::layer_pages pages_of(std::int32_t layer) const;

  cudaStream_t stream_;
  model_shape shape_;
  page_memory pages_;
  std::int32_t page_tokens_;
  std::int32_t most_tokens_, most_wanted_;  ///< of a step

  cuda_products products_;
  device_array<bf16> weights_;
  device_array<float> states_, logits_;
  device_array<bf16> normed_, qkv_, attended_, added_, gate_and_up_, gated_;
  pinned_array<token> tokens_;
  pinned_array<std::int32_t> wanted_, table_;
  pinned_array<drawn_page> drawn_;
  pinned_array<next_token> said_;
  device_array<token> tokens_there_;
  device_array<std::int32_t> wanted_there_, table_there_;
  device_array<drawn_page> drawn_there_;
  device_array<next_token> said_there_;
  cuda_graphs graphs_;
};

}  // namespace engine
