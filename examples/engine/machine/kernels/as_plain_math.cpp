// A test: the attention kernel sees what plain C++ sees, in shuffled pages, up to each token's own position.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <random>
#include <vector>

#include "../cuda_memory.hpp"
#include "../sim_math.hpp"
#include "kernels.hpp"

namespace {

using engine::kernels::bf16;

constexpr std::int32_t page = 16, slots = 256;
constexpr std::int32_t lengths[] = {1, 2, 15, 16, 17, 100, 255, 1000};
constexpr auto tokens_count = static_cast<std::int32_t>(std::size(lengths));

std::size_t at(std::int32_t number) { return static_cast<std::size_t>(number); }

template <class T>
void send(const engine::device_array<T>& to, const std::vector<T>& from) {
  engine::check(cudaMemcpy(to.data(), from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice),
                "cudaMemcpy");
}

/// The largest difference from plain math, for this shape.
double worst_difference(const engine::model_shape& shape) {
  std::mt19937 random{7};
  std::uniform_real_distribution<float> number{-2, 2};
  const std::size_t size = at(shape.head_size), plane = at(page) * at(shape.kv_width());
  std::vector<bf16> content(at(slots) * 2 * plane, bf16{NAN}), qkv(at(tokens_count) * at(shape.qkv_width()));
  for (bf16& each : qkv) each = bf16{number(random)};

  constexpr std::int32_t width = slots / 4;
  std::vector<std::int32_t> order(at(slots)), table(at(tokens_count) * at(width));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  std::vector<engine::token> tokens;
  const auto element = [&](std::int32_t slot, std::int32_t which, std::int32_t head, std::int32_t within) {
    return at(2 * slot + which) * plane + (at(head) * at(page) + at(within)) * size;
  };
  for (std::int32_t i = 0, next = 0; i < tokens_count; ++i) {
    tokens.push_back({.position = lengths[i] - 1, .row = i, .length = lengths[i]});
    for (std::int32_t p = 0; p * page < lengths[i]; ++p) table[at(i) * at(width) + at(p)] = order[at(next++)];
    for (std::int32_t t = 0; t < lengths[i]; ++t)
      for (std::int32_t which : {0, 1})
        for (std::int32_t h = 0; h < shape.kv_heads; ++h)
          std::generate_n(content.begin() + static_cast<std::ptrdiff_t>(element(
                                                table[at(i) * at(width) + at(t / page)], which, h, t % page)),
                          size, [&] { return bf16{number(random)}; });
  }

  const engine::device_array<bf16> there{content.size(), "pages"}, queries{qkv.size(), "queries"};
  const engine::device_array<bf16> out{at(tokens_count) * at(shape.q_width()), "results"};
  const engine::device_array<engine::token> tokens_there{tokens.size(), "tokens"};
  const engine::device_array<std::int32_t> table_there{table.size(), "the table"};
  send(there, content);
  send(queries, qkv);
  send(tokens_there, tokens);
  send(table_there, table);
  auto* const base = reinterpret_cast<std::byte*>(there.data());
  engine::kernels::attend(tokens_there.data(), tokens_count, queries.data(),
                          {base, base + plane * sizeof(bf16), 2 * plane * sizeof(bf16), 4},
                          {table_there.data(), width}, out.data(), shape, nullptr);
  std::vector<bf16> got(at(tokens_count) * at(shape.q_width()));
  engine::check(cudaMemcpy(got.data(), out.data(), got.size() * sizeof(bf16), cudaMemcpyDeviceToHost),
                "cudaMemcpy");

  double worst = 0;
  engine::math::vector query(size), key(size), value(size), expected(size);
  const auto read = [&](const bf16* from, engine::math::vector& to) {
    for (std::size_t i = 0; i < size; ++i) to[i] = __bfloat162float(from[i]);
  };
  for (std::int32_t i = 0; i < tokens_count; ++i) {
    for (std::int32_t h = 0; h < shape.heads; ++h) {
      read(qkv.data() + at(i) * at(shape.qkv_width()) + at(h) * size, query);
      engine::math::attention seen{query};
      for (std::int32_t t = 0; t < lengths[i]; ++t) {
        const std::int32_t slot = table[at(i) * at(width) + at(t / page)];
        read(content.data() + element(slot, 0, h / shape.group(), t % page), key);
        read(content.data() + element(slot, 1, h / shape.group(), t % page), value);
        seen.see(key.data(), value.data());
      }
      seen.write(expected);
      for (std::size_t j = 0; j < size; ++j) {
        const double off =
            std::abs(__bfloat162float(got[(at(i) * at(shape.heads) + at(h)) * size + j]) - expected[j]);
        worst = std::isnan(off) ? INFINITY : std::max(worst, off);
      }
    }
  }
  return worst;
}

}  // namespace

int main() {
  constexpr int skipped = 77;
  int gpus = 0;
  if (cudaGetDeviceCount(&gpus) != cudaSuccess || gpus == 0)
    return std::puts("skipped: no GPU answers"), skipped;
  int wrong = 0;
  for (const std::int32_t head_size : {64, 128}) {
    for (const std::int32_t group : {1, 2, 4, 8}) {
      const double off = worst_difference({.heads = 2 * group, .kv_heads = 2, .head_size = head_size});
      const bool right = off < 0.02;  // of values up to 2, in bf16
      std::printf("%d heads of %d for each head of keys: off by at most %g%s\n", group, head_size, off,
                  right ? "" : ", which is too much");
      wrong += !right;
    }
  }
  return wrong == 0 ? 0 : 1;
}
