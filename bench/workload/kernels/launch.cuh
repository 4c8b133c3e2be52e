#pragma once

#include <cstddef>

namespace cmm::bench {

inline constexpr int threads = 512;

inline unsigned blocks_of(std::size_t count, std::size_t each) {
  return static_cast<unsigned>((count + each - 1) / each);
}

/// Blocks for a loop over `count` points: at most 1056, which fill a large GPU.
inline unsigned filling(std::size_t count) {
  constexpr unsigned most = 1056;
  const unsigned wanted = blocks_of(count, threads);
  return wanted < most ? wanted : most;
}

__device__ static unsigned kept;

/// Keeps loads from being optimized away. The rare memory that sums to this stores one word more, nothing
/// else.
__device__ inline void keep(uint4 v) {
  if ((v.x ^ v.y ^ v.z ^ v.w) == 0x9e3779b9U) kept = v.x;
}
template <int Count>
__device__ void keep(const uint4 (&seen)[Count]) {
  uint4 sum{};
  for (const uint4& v : seen) sum = make_uint4(sum.x ^ v.x, sum.y ^ v.y, sum.z ^ v.z, sum.w ^ v.w);
  keep(sum);
}

}  // namespace cmm::bench
