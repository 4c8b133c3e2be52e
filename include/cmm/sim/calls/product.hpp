#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "kernels.hpp"

namespace cmm::sim {

/// The types of matrix products: bf16 and fp8 operands with a 2-byte result, fp32 with a 4-byte one.
enum class arithmetic : unsigned char { bf16, fp8, fp32 };

/// C = A^T * B, column by column: A is square, B and C have `columns` columns.
struct matrix_product {
  const void* a = nullptr;
  const void* b = nullptr;
  void* c = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  arithmetic kind = arithmetic::bf16;

  [[nodiscard]] constexpr std::size_t each() const {
    return kind == arithmetic::bf16 ? 2 : kind == arithmetic::fp8 ? 1 : 4;
  }
  [[nodiscard]] constexpr std::size_t operand_bytes() const { return rows * rows * each(); }
  [[nodiscard]] constexpr std::size_t other_operand_bytes() const { return rows * columns * each(); }
  [[nodiscard]] constexpr std::size_t result_bytes() const {
    return rows * columns * (kind == arithmetic::fp32 ? 4 : 2);
  }
};

namespace detail {

/// The rows or columns of C for which an operand is loaded once, by the tiles of cuBLAS: bf16 128 x 256 in
/// two thread blocks that share what they load, fp8 128 x 256 alone, fp32 64 x 64.
constexpr double loaded_once(arithmetic kind) {
  return kind == arithmetic::bf16 ? 256 : kind == arithmetic::fp8 ? 2 / (1 / 128.0 + 1 / 256.0) : 64;
}

/// Pages of 2 MiB of one matrix that the tiles in flight reach over; assumed.
inline constexpr double pages_of_tiles = 32;

/// Nanoseconds to read A, or on a full GPU or on as many multiprocessors as there are tiles for, whichever
/// tile is best: a smaller one fills the GPU sooner and reaches less of its peak, as it loads more for each
/// operation.
inline double product_time(const profile& machine, const matrix_product& what) {
  struct tile {
    double rows;
    double columns;
    double reaches;
  };
  constexpr tile tiles[] = {{128, 256, 1}, {128, 128, 0.85}, {64, 128, 0.7}, {64, 64, 0.5}};
  const processor& gpu = machine.gpu;
  const double peak = what.kind == arithmetic::bf16  ? gpu.bf16
                      : what.kind == arithmetic::fp8 ? gpu.fp8 * gpu.fp8_share
                                                     : gpu.fp32;
  const auto n = static_cast<double>(what.rows);
  double best = 0;
  for (const tile& each : tiles) {
    const double count =
        std::ceil(n / each.rows) * std::ceil(static_cast<double>(what.columns) / each.columns);
    const double waves = std::ceil(count / gpu.multiprocessors);
    const double one = 2 * each.rows * each.columns * n * gpu.multiprocessors / peak;
    const double time = waves * one / (each.reaches * gpu.product_share);
    if (best == 0 || time < best) best = time;
  }
  return std::max(best, static_cast<double>(what.operand_bytes()) / machine.hbm.read);
}

/// How many times as long a product takes for the movers that work beside it from `start` on.
inline double slowed(const movers_at_work& beside, const matrix_product& what, std::int64_t start,
                     double time) {
  if (beside.until <= start) return 1;
  const double share = what.columns < what.rows ? beside.waiting_for_memory : beside.of_arithmetic;
  return 1 + share * std::min(1.0, static_cast<double>(beside.until - start) / time);
}

}  // namespace detail

/// One matrix product: pages that fault come first, then arithmetic and remote operands, which are read again
/// for each stripe of C, run side by side.
inline errc run_product(state& s, stream_state& stream, const matrix_product& what) {
  s.clock.spend(s.machine.calls.product);
  const bool captured = stream.capture != 0;
  device_state& device = s.of(stream.device);
  outcome sum{.near = captured ? 0.0 : detail::product_time(s.machine, what)};
  sum.near *= detail::slowed(device.movers, what, stream.free_at(s.clock.start()), std::max(sum.near, 1.0));
  constexpr std::size_t os_page = 4096;
  const auto again = [&](std::size_t lines) {
    return std::ceil(static_cast<double>(lines) / detail::loaded_once(what.kind));
  };
  const auto use = [&](const void* p, std::size_t bytes, access how, std::size_t apart, double times) {
    if (!sum.ok() || captured) return;
    const memory_use range{p, bytes};
    kernel_reach by = reach_of(s.machine, {&range, 1}, apart, stream.device);
    by.pages = std::min(by.pages, detail::pages_of_tiles);
    const outcome one = touch_range(s, range, how, apart, by);
    sum.code = one.code;
    sum.faults += one.faults;
    const double touched = touch::sector * std::ceil(static_cast<double>(bytes) / static_cast<double>(apart));
    sum.over += one.over.scaled(times * static_cast<double>(bytes) / touched);
  };
  // A tile begins with all its rows, so that the first faults lie as far apart as they do.
  const std::size_t row = std::max(os_page, what.operand_bytes() / what.rows);
  use(what.a, what.operand_bytes(), access::read, row, again(what.columns));
  use(what.b, what.other_operand_bytes(), access::read, row, again(what.rows));
  use(what.c, what.result_bytes(), access::write, os_page, 1);
  submit(s, stream, sum, s.machine.gpu.launch);
  if (!captured) device.multiplies_until = stream.ready;
  return sum.code;
}

}  // namespace cmm::sim
