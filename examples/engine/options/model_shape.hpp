#pragma once

#include <cmm/kv/shape.hpp>
#include <cstddef>
#include <cstdint>

namespace engine {

/// The numbers of a Llama-shaped model: RMSNorm, rotary positions, grouped queries, SwiGLU.
struct model_shape {
  std::int32_t layers = 2;
  std::int32_t hidden = 128;
  std::int32_t heads = 4;
  std::int32_t kv_heads = 2;
  std::int32_t head_size = 64;
  std::int32_t ffn = 256;
  std::int32_t vocabulary = 512;

  /// Query heads that share a head of keys and values.
  [[nodiscard]] constexpr std::int32_t group() const noexcept { return heads / kv_heads; }
  [[nodiscard]] constexpr std::int32_t q_width() const noexcept { return heads * head_size; }
  [[nodiscard]] constexpr std::int32_t kv_width() const noexcept { return kv_heads * head_size; }
  /// Queries, keys and values of a token come from one product.
  [[nodiscard]] constexpr std::int32_t qkv_width() const noexcept { return q_width() + 2 * kv_width(); }

  [[nodiscard]] constexpr std::size_t layer_weights() const noexcept {
    const auto h = static_cast<std::size_t>(hidden);
    return h * static_cast<std::size_t>(qkv_width() + q_width() + 3 * ffn);
  }
  [[nodiscard]] constexpr std::size_t weights() const noexcept {
    return static_cast<std::size_t>(layers) * layer_weights() +
           2 * static_cast<std::size_t>(vocabulary) * static_cast<std::size_t>(hidden);
  }

  /// What a page of its KV cache holds. Tokens of a head lie together, which remote reads like best.
  [[nodiscard]] constexpr cmm::kv::shape page(std::int32_t tokens,
                                              std::int32_t element_bytes) const noexcept {
    return {.layers = layers,
            .planes = 2,
            .kv_heads = kv_heads,
            .head_size = head_size,
            .tokens = tokens,
            .element_bytes = element_bytes,
            .order = cmm::kv::order::hnd};
  }
};

inline constexpr model_shape tiny{};
inline constexpr model_shape llama_1b{16, 2048, 32, 8, 64, 8192, 128256};
inline constexpr model_shape llama_8b{32, 4096, 32, 8, 128, 14336, 128256};

}  // namespace engine
