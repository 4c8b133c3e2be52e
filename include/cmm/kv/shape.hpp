#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "piece.hpp"

namespace cmm::kv {

/// The order of a plane's elements within a page: tokens first, or heads first.
enum class order : std::uint8_t { nhd, hnd };

/// Elements from one index to the next within a plane of a page.
struct strides {
  std::size_t token = 0;
  std::size_t head = 0;
};

/// What a page holds: for each layer its planes, for each plane `tokens` x `kv_heads` x `head_size` elements.
struct shape {
  std::int32_t layers = 1;
  std::int32_t planes = 2;  ///< K and V; one for MLA, whose latent vector is its only head
  std::int32_t kv_heads = 1;
  std::int32_t head_size = 128;
  std::int32_t tokens = 16;
  std::int32_t element_bytes = 2;
  kv::order order = kv::order::nhd;

  /// Bytes of one plane of one layer. Throws `bad_request` where one of the numbers is not positive.
  [[nodiscard]] std::size_t plane_bytes() const {
    return product({{"kv_heads", kv_heads},
                    {"head_size", head_size},
                    {"tokens", tokens},
                    {"element_bytes", element_bytes}});
  }
  /// Planes of all layers.
  [[nodiscard]] std::size_t all_planes() const { return product({{"layers", layers}, {"planes", planes}}); }

  /// Bytes from one token, and from one head, to the next.
  [[nodiscard]] strides element_strides() const noexcept {
    const auto size = static_cast<std::size_t>(head_size);
    if (order == kv::order::nhd) return {.token = static_cast<std::size_t>(kv_heads) * size, .head = size};
    return {.token = size, .head = static_cast<std::size_t>(tokens) * size};
  }

 private:
  struct named {
    const char* name;
    std::int32_t value;
  };

  static std::size_t product(std::initializer_list<named> factors) {
    std::size_t result = 1;
    for (const named& each : factors) {
      if (each.value <= 0)
        detail::refuse_layout("its shape has " + std::to_string(each.value) + " as " + each.name +
                              ", which would make a page of 0 bytes; give 1 or more");
      if (__builtin_mul_overflow(result, static_cast<std::size_t>(each.value), &result))
        detail::refuse_layout("a page of its shape exceeds the address space; check " +
                              std::string{each.name});
    }
    return result;
  }
};

}  // namespace cmm::kv
