#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "areas.hpp"
#include "piece.hpp"
#include "shape.hpp"

namespace cmm::kv {

/// Where the bytes of every page lie in a range of slots. Slots `[0, fast)` of it are to lie in HBM.
class layout {
 public:
  /// Of the caller's own pieces. Throws `bad_request` for a page of 0 bytes, for numbers that are no
  /// multiples of 16 bytes, for pieces that overlap, and for more slots than int32 or the address space
  /// holds.
  layout(const std::vector<piece>& pieces, std::int64_t slots) : layout{pieces, pieces, slots} {}
  template <std::same_as<shape> Shape>
  layout(const Shape&, std::int64_t) = delete;  // cmm: write layout::one_place(shape, slots) or by_layer

  /// A page is contiguous, its layers and their planes one after another: the fastest to move.
  static layout one_place(const shape& of, std::int64_t slots) {
    const std::size_t plane = of.plane_bytes(), page = times(plane, of.all_planes());
    std::vector<piece> planes;
    for (std::size_t i = 0; i < of.all_planes(); ++i) planes.push_back({i * plane, page, plane});
    return {{{0, page, page}}, std::move(planes), slots};
  }

  /// Each layer has an area of its own, in which a page's planes lie one after another.
  static layout by_layer(const shape& of, std::int64_t slots) {
    return apart(of, static_cast<std::size_t>(of.layers), slots);
  }

  /// Each plane of each layer has an area of its own.
  static layout by_plane(const shape& of, std::int64_t slots) { return apart(of, of.all_planes(), slots); }

  /// What is moved of a page.
  [[nodiscard]] std::span<const piece> pieces() const noexcept { return pieces_; }
  /// For kernels: the planes of the first layer, then those of the next; the caller's own pieces as given.
  [[nodiscard]] std::span<const piece> planes() const noexcept { return planes_; }

  /// Slots, and bytes of a page in all its pieces together.
  [[nodiscard]] std::int32_t slots() const noexcept { return slots_; }
  [[nodiscard]] std::size_t page_bytes() const noexcept { return page_bytes_; }
  /// Of the whole range, from its begin to the end of the last piece.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  /// What of the range lies in which memory, in order and in whole granules; a granule that any part of a
  /// fast slot touches lies in HBM. Throws `bad_request` for a `fast` outside `[0, slots()]`.
  [[nodiscard]] std::vector<area> areas(std::int32_t fast, std::size_t granule = std::size_t{2} << 20) const {
    if (fast < 0 || fast > slots_)
      detail::refuse_layout("of its " + std::to_string(slots_) + " slots " + std::to_string(fast) +
                            " cannot lie in HBM; give a number from 0 to all of them");
    return detail::areas_of(pieces_, bytes_, fast, granule);
  }

  /// The most slots whose areas fit into so many bytes of HBM.
  [[nodiscard]] std::int32_t fast_within(std::size_t hbm, std::size_t granule = std::size_t{2} << 20) const {
    std::int32_t fits = 0, fails = slots_;
    if (bytes_of(areas(slots_, granule), true) <= hbm) return slots_;
    while (fails - fits > 1) {
      const std::int32_t middle = fits + (fails - fits) / 2;
      (bytes_of(areas(middle, granule), true) <= hbm ? fits : fails) = middle;
    }
    return fits;
  }

 private:
  layout(std::vector<piece> pieces, std::vector<piece> planes, std::int64_t slots)
      : pieces_{std::move(pieces)}, planes_{std::move(planes)} {
    if (slots < 1 || slots > std::numeric_limits<std::int32_t>::max())
      detail::refuse_layout(std::to_string(slots) +
                            " slots are not between 1 and 2147483647, which int32 "
                            "tables hold; take another number, or larger pages");
    slots_ = static_cast<std::int32_t>(slots);
    if (pieces_.empty()) detail::refuse_layout("a page of it has 0 bytes; give it at least one piece");
    for (const piece& each : pieces_) {
      detail::check_piece(each, slots_);
      page_bytes_ += each.bytes;
      bytes_ = std::max(bytes_, detail::end_of(each, slots_));
    }
    detail::check_overlap(pieces_, slots_);
  }

  static std::size_t times(std::size_t a, std::size_t b) {
    std::size_t product = 0;
    if (__builtin_mul_overflow(a, b, &product))
      detail::refuse_layout("it exceeds the address space; take fewer slots or smaller pages");
    return product;
  }

  /// `count` areas, between which the planes are divided; each begins at a multiple of 512 bytes, as tensors
  /// do.
  static layout apart(const shape& of, std::size_t count, std::int64_t slots) {
    const std::size_t plane = of.plane_bytes(), each = of.all_planes() / count;
    const std::size_t part = times(plane, each);
    const std::size_t area =
        (times(part, static_cast<std::size_t>(std::max<std::int64_t>(slots, 1))) + 511) / 512 * 512;
    static_cast<void>(times(area, count));
    std::vector<piece> pieces, planes;
    for (std::size_t i = 0; i < count; ++i) {
      pieces.push_back({i * area, part, part});
      for (std::size_t j = 0; j < each; ++j) planes.push_back({i * area + j * plane, part, plane});
    }
    return {std::move(pieces), std::move(planes), slots};
  }

  std::vector<piece> pieces_;
  std::vector<piece> planes_;
  std::int32_t slots_ = 0;
  std::size_t page_bytes_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace cmm::kv
