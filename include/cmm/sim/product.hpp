#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernel.hpp"

namespace cmm::sim {

/// The types of matrix products: bf16 and fp8 operands with a 2-byte result, fp32 with a 4-byte one.
enum class arithmetic : unsigned char { bf16, fp8, fp32 };

/// C = A^T * B with square matrices, column by column.
struct matrix_product {
  const void* a = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
  std::size_t rows = 0;
  arithmetic kind = arithmetic::bf16;

  [[nodiscard]] constexpr std::size_t operand_bytes() const {
    const std::size_t each = kind == arithmetic::bf16 ? 2 : kind == arithmetic::fp8 ? 1 : 4;
    return rows * rows * each;
  }
  [[nodiscard]] constexpr std::size_t result_bytes() const {
    return rows * rows * (kind == arithmetic::fp32 ? 4 : 2);
  }
};

namespace detail {

/// The rows or columns of C that two cooperating thread blocks compute, and for which they load an operand
/// once.
inline constexpr double loaded_once = 256;

/// Nanoseconds on a full GPU or on as many multiprocessors as there are tiles for, whichever tile is best: a
/// smaller one fills the GPU sooner and reaches less of its peak, as it loads more for each operation.
inline double product_time(const profile& machine, const matrix_product& what) {
  struct tile {
    double rows;
    double columns;
    double reaches;
  };
  constexpr tile tiles[] = {{128, 256, 1}, {128, 128, 0.85}, {64, 128, 0.7}, {64, 64, 0.5}};
  const processor& gpu = machine.gpu;
  const double peak = what.kind == arithmetic::bf16  ? gpu.bf16
                      : what.kind == arithmetic::fp8 ? gpu.fp8
                                                     : gpu.fp32;
  const auto n = static_cast<double>(what.rows);
  double best = 0;
  for (const tile& each : tiles) {
    const double count = std::ceil(n / each.rows) * std::ceil(n / each.columns);
    const double waves = std::ceil(count / gpu.multiprocessors);
    const double one = 2 * each.rows * each.columns * n * gpu.multiprocessors / peak;
    const double time = waves * one / (each.reaches * gpu.product_share);
    if (best == 0 || time < best) best = time;
  }
  return best;
}

}  // namespace detail

/// One matrix product: pages that fault come first, then arithmetic and remote operands, which are read again
/// for each stripe of C, run side by side.
inline errc run_product(state& s, const matrix_product& what, stream on) {
  stream_state* const stream = s.find(on);
  if (stream == nullptr) return errc::invalid_value;
  s.clock.spend(s.machine.calls.launch);
  outcome sum{.near = stream->capture == 0 ? detail::product_time(s.machine, what) : 0.0};
  const double again = std::ceil(static_cast<double>(what.rows) / detail::loaded_once);
  const auto use = [&](const void* p, std::size_t bytes, access how) {
    if (sum.code != errc::success || stream->capture != 0) return;
    // A tile reaches over all rows of its columns, so that its faults lie as far apart as those of a stride.
    constexpr std::size_t os_page = 4096;
    const memory_use range{p, bytes};
    outcome one = touch_range(s, range, how, os_page, reach_of(s, {&range, 1}, os_page, stream->device));
    sum.faults += one.faults;
    sum.code = one.code;
    const double dense =
        static_cast<double>(bytes) / (touch::sector * std::ceil(static_cast<double>(bytes) / os_page));
    one.over.up *= dense * again;
    one.over.up_time *= dense * again;
    one.over.down *= dense;
    one.over.down_time *= dense;
    sum.over += one.over;
  };
  use(what.a, what.operand_bytes(), access::read);
  use(what.b, what.operand_bytes(), access::read);
  use(what.c, what.result_bytes(), access::write);
  submit(s, *stream, sum, s.machine.gpu.launch);
  return sum.code;
}

}  // namespace cmm::sim
