#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "kernel.hpp"

namespace cmm::sim {

namespace detail {

/// True where the driver stages what the engine copies: managed memory that stays on the host, which the copy
/// engine reads and writes only where the machine is coherent.
inline bool stays_on_host(const state& s, allocation& block, std::size_t offset, std::size_t bytes,
                          int device) {
  if (s.machine.coherent() || s.machine.unified) return false;
  bool stays = false;
  each_page(block, offset, bytes, [&](const page& p, const page_slice& part) {
    stays = (p.on_host & part.mask) != 0 && (p.prefers_host() || p.used_by(device));
    return !stays;
  });
  return stays;
}

/// One side of a copy by the engine of a device.
inline outcome copy_side(state& s, const void* p, std::size_t bytes, access how, int device) {
  const bool reads = how == access::read;
  const auto size = static_cast<double>(bytes);
  const bool readable = s.machine.capability(attribute::pageable_memory_access) != 0;
  outcome sum;
  allocation* const block = s.space.holding(p, bytes);
  if (block == nullptr ? s.space.holds(p, bytes) : block->mapped()) {
    s.space.each_part(p, bytes, [&](allocation& part, std::size_t, std::size_t length) {
      sum += cost_of_fixed(s, part, static_cast<double>(length), how, device, true);
      if (!part.opened_to(device)) sum.code = errc::invalid_value;
      return sum.code == errc::success;
    });
  } else if (block == nullptr || (block->kind == memory_kind::system && !readable)) {
    sum.over.add_staged(size, s.machine.copies.staged, reads);
  } else if (block->pageable()) {
    const touch use{address_space::offset_in(*block, p), bytes, how, 0};
    if (stays_on_host(s, *block, use.offset, bytes, device)) {
      sum.over.add_staged(size, s.machine.copies.staged, reads);
    } else {
      sum = s.pager.gpu_touch(*block, use, {.device = device, .pages = 1});
    }
  } else {
    sum = cost_of_fixed(s, *block, size, how, device, true);
  }
  return sum;
}

/// Up to so many bytes the host writes into the command of a copy from its memory to a device.
inline constexpr std::size_t most_inlined = std::size_t{16} << 10;

/// Which way bytes go over the link; 0 where they do not.
inline int way_of(const outcome& what) noexcept { return (what.over.up > 0) - (what.over.down > 0); }

/// One copy. In a batch, the engine goes from one to the next of the same way without a new start; a product
/// that runs beside makes it wait for memory.
inline errc submit_copy(state& s, stream_state& stream, const copy_use& what, bool batch, int& way) {
  outcome sum;
  if (stream.capture == 0) {
    sum = copy_side(s, what.from, what.bytes, access::read, stream.device);
    if (sum.code == errc::success) sum += copy_side(s, what.to, what.bytes, access::write, stream.device);
  }
  const copy_costs& costs = s.machine.copies;
  const double call = batch ? costs.batched : costs.call;
  const bool inlined = sum.over.up > 0 && what.bytes <= most_inlined;
  s.clock.spend(inlined ? std::max<double>(call, costs.inlined) : call);
  const std::int64_t start = stream.free_at(s.clock.start());
  const bool beside = s.products[static_cast<std::size_t>(stream.device)] > start;
  const bool turns = std::exchange(way, way_of(sum)) != way_of(sum);
  const double next = costs.engine_batched / (beside || turns ? double{s.machine.movers.beside} : 1.0);
  submit(s, stream, sum, batch ? next : double{costs.engine});
  return sum.code;
}

}  // namespace detail

/// Copies by the copy engine, one after the other in the stream. Memory that belongs to no block is the
/// program's own. A batch costs the host less for each copy.
inline errc copy(state& s, std::span<const copy_use> copies, bool batch, stream on) {
  stream_state* const stream = s.find(on);
  if (stream == nullptr) return errc::invalid_value;
  if (batch) s.clock.spend(s.machine.copies.call);
  int way = 0;
  for (const copy_use& each : copies) {
    const errc code = detail::submit_copy(s, *stream, each, batch, way);
    if (code != errc::success) return code;
  }
  return errc::success;
}

/// The program's own memory goes to the device.
inline errc copy_table(state& s, std::size_t bytes, stream on) {
  stream_state* const stream = s.find(on);
  if (stream == nullptr) return errc::invalid_value;
  s.clock.spend(s.machine.copies.call);
  outcome sum;
  if (stream->capture == 0) sum.over.add_staged(static_cast<double>(bytes), s.machine.copies.staged, true);
  submit(s, *stream, sum, s.machine.copies.engine);
  return errc::success;
}

}  // namespace cmm::sim
