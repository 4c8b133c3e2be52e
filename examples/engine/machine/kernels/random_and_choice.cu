#include "../../options/random.hpp"
#include "../cuda_check.hpp"
#include "kernels.hpp"

namespace engine::kernels {
namespace {

constexpr int threads = 512;

__global__ void fill_all(bf16* out, std::size_t count, std::uint64_t seed, float scale) {
  for (std::size_t i = std::size_t{blockIdx.x} * threads + threadIdx.x; i < count;
       i += std::size_t{gridDim.x} * threads)
    out[i] = __float2bfloat16(scale * unit(mixed(seed, i)));
}

__global__ void draw_page(const drawn_page* pages, std::byte* slots, std::size_t bytes) {
  const drawn_page mine = pages[blockIdx.x];
  bf16* const out = reinterpret_cast<bf16*>(slots + mine.slot * bytes);
  for (std::size_t i = std::size_t{blockIdx.y} * threads + threadIdx.x; i < bytes / sizeof(bf16);
       i += std::size_t{gridDim.y} * threads)
    out[i] = __float2bfloat16(unit(mixed(mine.seed, i)));
}

/// The likeliest so far, of which the first one counts, and the checksum so far.
struct seen {
  float logit = -INFINITY;
  std::int32_t id = 0x7fffffff;
  unsigned long long checksum = 0;

  __device__ void join(float other, std::int32_t other_id, unsigned long long more) {
    if (other > logit || (other == logit && other_id < id)) logit = other, id = other_id;
    checksum += more;
  }
};

__global__ void choose_token(const float* logits, int vocabulary, next_token* out) {
  const float* const mine = logits + static_cast<std::size_t>(blockIdx.x) * vocabulary;
  seen s;
  for (int i = threadIdx.x; i < vocabulary; i += threads)
    s.join(mine[i], i, mixed(__float_as_uint(mine[i]), i));
  for (int apart = 16; apart > 0; apart /= 2)
    s.join(__shfl_xor_sync(~0U, s.logit, apart), __shfl_xor_sync(~0U, s.id, apart),
           __shfl_xor_sync(~0U, s.checksum, apart));
  __shared__ float logit[threads / 32];
  __shared__ std::int32_t id[threads / 32];
  __shared__ unsigned long long checksum[threads / 32];
  const int warp = threadIdx.x / 32;
  if (threadIdx.x % 32 == 0) logit[warp] = s.logit, id[warp] = s.id, checksum[warp] = s.checksum;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (int i = 1; i < threads / 32; ++i) s.join(logit[i], id[i], checksum[i]);
  out[blockIdx.x] = {s.id, s.checksum};
}

}  // namespace

void fill(bf16* out, std::size_t count, std::uint64_t seed, float scale, cudaStream_t in) {
  fill_all<<<4096, threads, 0, in>>>(out, count, seed, scale);
  check(cudaGetLastError(), "the filling kernel");
}

void draw(const drawn_page* pages, int count, std::byte* slots, std::size_t bytes, cudaStream_t in) {
  const dim3 blocks{static_cast<unsigned>(count), 16};
  draw_page<<<blocks, threads, 0, in>>>(pages, slots, bytes);
  check(cudaGetLastError(), "the drawing kernel");
}

void choose(const float* logits, int count, int vocabulary, next_token* out, cudaStream_t in) {
  choose_token<<<count, threads, 0, in>>>(logits, vocabulary, out);
  check(cudaGetLastError(), "the choosing kernel");
}

}  // namespace engine::kernels
