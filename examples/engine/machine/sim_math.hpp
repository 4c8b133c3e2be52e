#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace engine::math {

using vector = std::vector<float>;

/// Each row of a matrix times a vector.
inline void product(std::span<const float> matrix, std::span<const float> by, std::span<float> out) {
  for (std::size_t row = 0; row < out.size(); ++row) {
    const float* const weights = matrix.data() + row * by.size();
    float sum = 0;
    for (std::size_t i = 0; i < by.size(); ++i) sum += weights[i] * by[i];
    out[row] = sum;
  }
}

inline void rms_norm(std::span<const float> in, std::span<float> out) {
  float squares = 0;
  for (const float each : in) squares += each * each;
  const float scale = 1.0F / std::sqrt(squares / static_cast<float>(in.size()) + 1e-5F);
  for (std::size_t i = 0; i < in.size(); ++i) out[i] = in[i] * scale;
}

/// Turns a head by its position: element `i` with element `i + size / 2`.
inline void rotate(std::span<float> head, std::int32_t position) {
  const std::size_t half = head.size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const float angle =
        static_cast<float>(position) * std::pow(500000.0F, -static_cast<float>(i) / static_cast<float>(half));
    const float a = head[i], b = head[i + half], c = std::cos(angle), s = std::sin(angle);
    head[i] = a * c - b * s;
    head[i + half] = b * c + a * s;
  }
}

inline void swiglu(std::span<const float> gate_and_up, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float gate = gate_and_up[i];
    out[i] = gate / (1.0F + std::exp(-gate)) * gate_and_up[i + out.size()];
  }
}

inline void add(std::span<float> to, std::span<const float> what) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += what[i];
}

/// Softmax over what has been seen so far, as keys and values come one after another.
class attention {
 public:
  explicit attention(std::span<const float> query) : query_{query}, sum_(query.size()) {}

  void see(const float* key, const float* value) {
    float score = 0;
    for (std::size_t i = 0; i < query_.size(); ++i) score += query_[i] * key[i];
    score /= std::sqrt(static_cast<float>(query_.size()));
    const float most = std::max(most_, score), before = std::exp(most_ - most), now = std::exp(score - most);
    for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] = sum_[i] * before + value[i] * now;
    weight_ = weight_ * before + now;
    most_ = most;
  }
  void write(std::span<float> out) const {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = sum_[i] / weight_;
  }

 private:
  std::span<const float> query_;
  vector sum_;
  float most_ = -INFINITY;
  float weight_ = 0;
};

}  // namespace engine::math
