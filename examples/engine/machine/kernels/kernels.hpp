#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "../../options/model_shape.hpp"
#include "../batch.hpp"

namespace engine::kernels {

using bf16 = __nv_bfloat16;

/// The keys and values of one layer in all slots.
struct layer_pages {
  std::byte* keys = nullptr;    ///< of slot 0
  std::byte* values = nullptr;  ///< of slot 0
  std::size_t stride = 0;       ///< bytes from slot to slot
  int shift = 0;                ///< a page has `1 << shift` tokens
};

/// Rows of slots, one for each text.
struct slot_table {
  const std::int32_t* slots = nullptr;
  std::int32_t width = 0;
};

/// Numbers from `-scale` to `scale` that depend on the seed.
void fill(bf16* out, std::size_t count, std::uint64_t seed, float scale, cudaStream_t in);
/// Pages whose content depends on their seed; `bytes` of each, one behind the other from slot 0 on.
void draw(const drawn_page* pages, int count, std::byte* slots, std::size_t bytes, cudaStream_t in);

/// The first state of each token: its row of the embeddings.
void embed(const token* tokens, int count, const bf16* embeddings, float* states, int width, cudaStream_t in);
/// Adds to each state, where `added` is given, and normalizes it.
void add_and_norm(float* states, const bf16* added, bf16* normed, int count, int width, cudaStream_t in);
/// The same for some of the states, whose sum is not kept.
void norm_some(const std::int32_t* which, int count, const float* states, const bf16* added, bf16* normed,
               int width, cudaStream_t in);
/// Turns queries and keys by their positions, and puts keys and values into their pages.
void rotate_and_keep(const token* tokens, int count, bf16* qkv, layer_pages pages, const model_shape& shape,
                     cudaStream_t in);
/// Each head of each token looks at the slots of its row.
void attend(const token* tokens, int count, const bf16* qkv, layer_pages pages, slot_table table, bf16* out,
            const model_shape& shape, cudaStream_t in);
void swiglu(const bf16* gate_and_up, bf16* out, int count, int width, cudaStream_t in);
/// The likeliest token of each row of logits, and a checksum of the row.
void choose(const float* logits, int count, int vocabulary, next_token* out, cudaStream_t in);

/// Whether `attend` is compiled for heads of this size in groups of this size.
bool can_attend(const model_shape& shape);

}  // namespace engine::kernels
