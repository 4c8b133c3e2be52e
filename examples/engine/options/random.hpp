#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define ENGINE_ANYWHERE __host__ __device__
#else
#define ENGINE_ANYWHERE
#endif

namespace engine {

/// A number that looks random and depends on both arguments: SplitMix64's finalizer.
ENGINE_ANYWHERE constexpr std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t x = a + 0x9e3779b97f4a7c15U * (b + 1);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

/// From -1 to below 1.
ENGINE_ANYWHERE constexpr float unit(std::uint64_t random) noexcept {
  return static_cast<float>(random >> 40) / 8388608.0F - 1.0F;
}

}  // namespace engine
