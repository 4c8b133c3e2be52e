#pragma once

#include <cstddef>

namespace cmm::bench {

/// The types of matrix products, by their operands: bf16 and fp8 (e4m3) with a bf16 result, fp32 with fp32.
/// All sum in fp32; fp32 does so without tensor cores.
enum class number : unsigned char { bf16, fp8, fp32 };

constexpr const char* name_of(number kind) {
  return kind == number::bf16 ? "bf16" : kind == number::fp8 ? "fp8" : "fp32";
}
/// Bytes of one element of an operand.
constexpr std::size_t operand_bytes(number kind) {
  return kind == number::bf16 ? 2 : kind == number::fp8 ? 1 : 4;
}
/// Bytes of one element of the result.
constexpr std::size_t result_bytes(number kind) { return kind == number::fp32 ? 4 : 2; }

/// C = A^T * B, column by column: A is square with `n` rows, B and C have `m` columns, or `n` where `m` is 0.
struct product {
  number kind = number::bf16;
  std::size_t n = 0;
  std::size_t m = 0;

  [[nodiscard]] constexpr std::size_t columns() const { return m == 0 ? n : m; }
  [[nodiscard]] constexpr std::size_t elements() const { return n * n; }
  [[nodiscard]] constexpr std::size_t operand() const { return elements() * operand_bytes(kind); }
  [[nodiscard]] constexpr std::size_t other_operand() const { return n * columns() * operand_bytes(kind); }
  [[nodiscard]] constexpr std::size_t result() const { return n * columns() * result_bytes(kind); }
  [[nodiscard]] constexpr double flops() const {
    const auto rows = static_cast<double>(n);
    return 2 * rows * rows * static_cast<double>(columns());
  }
};

}  // namespace cmm::bench
