#include "../cuda_check.hpp"
#include "kernels.hpp"

namespace engine::kernels {
namespace {

constexpr int threads = 256;

/// The sum over a thread block, for all of its threads.
__device__ float sum_of_block(float part) {
  __shared__ float parts[threads / 32];
  for (int apart = 16; apart > 0; apart /= 2) part += __shfl_xor_sync(~0U, part, apart);
  __syncthreads();  // an earlier sum may still be read
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = part;
  __syncthreads();
  float sum = 0;
  for (const float each : parts) sum += each;
  return sum;
}

__global__ void embed_tokens(const token* tokens, const bf16* embeddings, float* states, int width) {
  const bf16* const from = embeddings + static_cast<std::size_t>(tokens[blockIdx.x].id) * width;
  float* const to = states + static_cast<std::size_t>(blockIdx.x) * width;
  for (int i = threadIdx.x; i < width; i += threads) to[i] = __bfloat162float(from[i]);
}

/// Root mean square normalization of a row. `keep` is where the sum goes, or null.
__device__ void norm_row(const float* state, const bf16* added, float* keep, bf16* normed, int width) {
  const auto element = [&](int i) { return state[i] + (added != nullptr ? __bfloat162float(added[i]) : 0); };
  float squares = 0;
  for (int i = threadIdx.x; i < width; i += threads) squares += element(i) * element(i);
  const float scale = rsqrtf(sum_of_block(squares) / static_cast<float>(width) + 1e-5F);
  for (int i = threadIdx.x; i < width; i += threads) {
    const float sum = element(i);
    if (keep != nullptr) keep[i] = sum;
    normed[i] = __float2bfloat16(sum * scale);
  }
}

__global__ void norm_all(float* states, const bf16* added, bf16* normed, int width) {
  const std::size_t row = static_cast<std::size_t>(blockIdx.x) * width;
  norm_row(states + row, added != nullptr ? added + row : nullptr, states + row, normed + row, width);
}

__global__ void norm_wanted(const std::int32_t* which, const float* states, const bf16* added, bf16* normed,
                            int width) {
  const std::size_t row = static_cast<std::size_t>(which[blockIdx.x]) * width;
  norm_row(states + row, added + row, nullptr, normed + static_cast<std::size_t>(blockIdx.x) * width, width);
}

__global__ void rotate_token(const token* tokens, bf16* qkv, layer_pages pages, model_shape shape) {
  const token me = tokens[blockIdx.x];
  const int half = shape.head_size / 2, rotated = shape.heads + shape.kv_heads;
  bf16* const mine =
      qkv + static_cast<std::size_t>(blockIdx.x) * (rotated + shape.kv_heads) * shape.head_size;
  const int within = me.position & ((1 << pages.shift) - 1);
  for (int i = threadIdx.x; i < (rotated + shape.kv_heads) * half; i += threads) {
    const int head = i / half, j = i % half;
    bf16* const pair = mine + head * shape.head_size + j;
    bf16 a = pair[0], b = pair[half];
    if (head < rotated) {
      const float angle =
          static_cast<float>(me.position) *
          exp2f(-18.931569F * static_cast<float>(j) / static_cast<float>(half));  // log2 of 500000
      float s, c;
      sincosf(angle, &s, &c);
      const float x = __bfloat162float(a), y = __bfloat162float(b);
      a = __float2bfloat16(x * c - y * s);
      b = __float2bfloat16(y * c + x * s);
    }
    if (head < shape.heads) {
      pair[0] = a, pair[half] = b;
      continue;
    }
    const bool is_key = head < rotated;
    const int kv_head = head - (is_key ? shape.heads : rotated);
    bf16* const kept =
        reinterpret_cast<bf16*>((is_key ? pages.keys : pages.values) + me.slot * pages.stride) +
        ((kv_head << pages.shift) + within) * shape.head_size + j;
    kept[0] = a, kept[half] = b;
  }
}

__global__ void swiglu_all(const bf16* gate_and_up, bf16* out, int width) {
  const bf16* const in = gate_and_up + static_cast<std::size_t>(blockIdx.y) * 2 * width;
  const int i = blockIdx.x * threads + threadIdx.x;
  if (i >= width) return;
  const float gate = __bfloat162float(in[i]), up = __bfloat162float(in[i + width]);
  out[static_cast<std::size_t>(blockIdx.y) * width + i] = __float2bfloat16(gate / (1 + expf(-gate)) * up);
}

}  // namespace

void embed(const token* tokens, int count, const bf16* embeddings, float* states, int width,
           cudaStream_t in) {
  embed_tokens<<<count, threads, 0, in>>>(tokens, embeddings, states, width);
  check(cudaGetLastError(), "the embedding kernel");
}

void add_and_norm(float* states, const bf16* added, bf16* normed, int count, int width, cudaStream_t in) {
  norm_all<<<count, threads, 0, in>>>(states, added, normed, width);
  check(cudaGetLastError(), "the normalizing kernel");
}

void norm_some(const std::int32_t* which, int count, const float* states, const bf16* added, bf16* normed,
               int width, cudaStream_t in) {
  norm_wanted<<<count, threads, 0, in>>>(which, states, added, normed, width);
  check(cudaGetLastError(), "the normalizing kernel");
}

void rotate_and_keep(const token* tokens, int count, bf16* qkv, layer_pages pages, const model_shape& shape,
                     cudaStream_t in) {
  rotate_token<<<count, threads, 0, in>>>(tokens, qkv, pages, shape);
  check(cudaGetLastError(), "the rotating kernel");
}

void swiglu(const bf16* gate_and_up, bf16* out, int count, int width, cudaStream_t in) {
  const dim3 blocks{static_cast<unsigned>((width + threads - 1) / threads), static_cast<unsigned>(count)};
  swiglu_all<<<blocks, threads, 0, in>>>(gate_and_up, out, width);
  check(cudaGetLastError(), "the SwiGLU kernel");
}

}  // namespace engine::kernels
