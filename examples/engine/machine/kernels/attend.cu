#include <stdexcept>

#include "../cuda_check.hpp"
#include "kernels.hpp"

namespace engine::kernels {
namespace {

constexpr int threads = 256;
constexpr float nothing = -1e30F;  // finite, as the difference of two infinities is no number

struct eight {
  float of[8];

  __device__ explicit eight(uint4 packed) {
    const bf16* const each = reinterpret_cast<const bf16*>(&packed);
    for (int i = 0; i < 8; ++i) of[i] = __bfloat162float(each[i]);
  }
};

/// Paged attention: a thread block for one token and one head of keys and values, whose group of query heads
/// it computes at once, so that each page is read once. `HeadSize / 8` lanes read a position together.
template <int HeadSize, int Group>
__global__ void __launch_bounds__(threads, Group < 8 ? 2 : 1)
    attend_pages(const token* tokens, const bf16* qkv, layer_pages pages, slot_table table, bf16* out) {
  constexpr int lanes = HeadSize / 8, readers = threads / lanes, at_once = 4;
  const token me = tokens[blockIdx.x];
  const int kv_head = blockIdx.y, kv_heads = gridDim.y;
  const int lane = threadIdx.x % lanes, reader = threadIdx.x / lanes;
  const std::int32_t* const slots = table.slots + static_cast<std::ptrdiff_t>(me.row) * table.width;
  const std::size_t width = static_cast<std::size_t>(kv_heads) * (Group + 2) * HeadSize;
  const bf16* const queries = qkv + blockIdx.x * width + kv_head * Group * HeadSize + lane * 8;

  const float scale = rsqrtf(HeadSize) * 1.4426950408889634F;  // so that exp2 does for exp
  float query[Group][8], sum[Group][8], most[Group], weight[Group];
  for (int g = 0; g < Group; ++g) {
    const eight q{*reinterpret_cast<const uint4*>(queries + g * HeadSize)};
    for (int i = 0; i < 8; ++i) query[g][i] = q.of[i] * scale, sum[g][i] = 0;
    most[g] = nothing;
    weight[g] = 0;
  }

  for (int first = reader - reader % (32 / lanes); first < me.length; first += readers * at_once) {
    uint4 keys[at_once], values[at_once];
#pragma unroll
    for (int u = 0; u < at_once; ++u) {
      const int position = first + reader % (32 / lanes) + u * readers;
      keys[u] = values[u] = {0, 0, 0, 0};
      if (position >= me.length) continue;
      const std::size_t slot = slots[position >> pages.shift];
      const int within = (kv_head << pages.shift) + (position & ((1 << pages.shift) - 1));
      const std::size_t offset =
          slot * pages.stride + (static_cast<std::size_t>(within) * HeadSize + lane * 8) * sizeof(bf16);
      keys[u] = *reinterpret_cast<const uint4*>(pages.keys + offset);
      values[u] = *reinterpret_cast<const uint4*>(pages.values + offset);
    }
    float score[at_once][Group];
#pragma unroll
    for (int u = 0; u < at_once; ++u) {
      const eight key{keys[u]};
      const bool there = first + reader % (32 / lanes) + u * readers < me.length;
#pragma unroll
      for (int g = 0; g < Group; ++g) {
        float dot = 0;
        for (int i = 0; i < 8; ++i) dot += query[g][i] * key.of[i];
        for (int apart = lanes / 2; apart > 0; apart /= 2) dot += __shfl_xor_sync(~0U, dot, apart);
        score[u][g] = there ? dot : nothing;
      }
    }
#pragma unroll
    for (int g = 0; g < Group; ++g) {
      float now = most[g];
      for (int u = 0; u < at_once; ++u) now = fmaxf(now, score[u][g]);
      const float before = exp2f(most[g] - now);
      most[g] = now;
      weight[g] *= before;
      for (int i = 0; i < 8; ++i) sum[g][i] *= before;
    }
#pragma unroll
    for (int u = 0; u < at_once; ++u) {
      const eight value{values[u]};
#pragma unroll
      for (int g = 0; g < Group; ++g) {
        const float part = score[u][g] == nothing ? 0 : exp2f(score[u][g] - most[g]);
        weight[g] += part;
        for (int i = 0; i < 8; ++i) sum[g][i] += part * value.of[i];
      }
    }
  }

  // Readers have seen different positions; their sums come together here, one query head after another.
  __shared__ float sums[readers][HeadSize], mosts[readers], weights[readers];
  for (int g = 0; g < Group; ++g) {
    for (int i = 0; i < 8; ++i) sums[reader][lane * 8 + i] = sum[g][i];
    if (lane == 0) mosts[reader] = most[g], weights[reader] = weight[g];
    __syncthreads();
    if (threadIdx.x < HeadSize) {
      float top = nothing, total = 0, value = 0;
      for (int r = 0; r < readers; ++r) top = fmaxf(top, mosts[r]);
      for (int r = 0; r < readers; ++r) {
        const float part = exp2f(mosts[r] - top);
        total += part * weights[r];
        value += part * sums[r][threadIdx.x];
      }
      const std::size_t head = static_cast<std::size_t>(blockIdx.x) * kv_heads * Group + kv_head * Group + g;
      out[head * HeadSize + threadIdx.x] = __float2bfloat16(value / total);
    }
    __syncthreads();
  }
}

using kernel = void (*)(const token*, const bf16*, layer_pages, slot_table, bf16*);

template <int HeadSize>
kernel for_group(int group) {
  switch (group) {
    case 1: return attend_pages<HeadSize, 1>;
    case 2: return attend_pages<HeadSize, 2>;
    case 4: return attend_pages<HeadSize, 4>;
    case 8: return attend_pages<HeadSize, 8>;
    default: return nullptr;
  }
}

kernel for_shape(const model_shape& shape) {
  if (shape.head_size == 64) return for_group<64>(shape.group());
  return shape.head_size == 128 ? for_group<128>(shape.group()) : nullptr;
}

}  // namespace

bool can_attend(const model_shape& shape) { return for_shape(shape) != nullptr; }

void attend(const token* tokens, int count, const bf16* qkv, layer_pages pages, slot_table table, bf16* out,
            const model_shape& shape, cudaStream_t in) {
  const dim3 blocks{static_cast<unsigned>(count), static_cast<unsigned>(shape.kv_heads)};
  for_shape(shape)<<<blocks, threads, 0, in>>>(tokens, qkv, pages, table, out);
  check(cudaGetLastError(), "the attention kernel");
}

}  // namespace engine::kernels
