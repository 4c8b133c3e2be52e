#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "../../core/page_copier.hpp"
#include "kernels.hpp"

namespace cmm::sim {

namespace detail {

/// True where the driver stages what the engine copies: managed memory that stays on the host, which the copy
/// engine reads and writes only where the machine is coherent.
inline bool stays_on_host(const state& s, allocation& block, std::size_t offset, std::size_t bytes,
                          int device) {
  if (s.machine.coherent() || s.machine.unified) return false;
  return !each_page(block, offset, bytes, [&](const page& p, const page_slice& part) {
    return (p.on_host & part.mask) == 0 || !(p.prefers_host() || p.used_by(device));
  });
}

/// One side of a copy by the engine of a device.
inline outcome copy_side(state& s, const void* p, std::size_t bytes, access how, int device) {
  outcome sum;
  allocation* const block = s.space.holding(p, bytes);
  if (block == nullptr ? s.space.holds(p, bytes) : !block->pageable()) {
    s.space.each_part(p, bytes, [&](const allocation& part, std::size_t, std::size_t length) {
      sum += cost_of_fixed(s.machine, part, static_cast<double>(length), how, device, true);
      if (part.mapped() && !part.opened_to(device)) sum.code = errc::invalid_value;
      return sum.ok();
    });
    return sum;
  }
  const bool reached =
      block != nullptr && (block->kind != memory_kind::system || s.has(attribute::pageable_memory_access));
  const std::size_t offset = reached ? address_space::offset_in(*block, p) : 0;
  if (reached && !stays_on_host(s, *block, offset, bytes, device))
    return gpu_touch(s, *block, {offset, bytes, how}, {.device = device, .pages = 1});
  sum.over.add_staged(how, static_cast<double>(bytes), s.machine.copies.staged);
  return sum;
}

/// Up to so many bytes the host writes into the command of a copy from its memory to a device.
inline constexpr std::size_t most_inlined = std::size_t{16} << 10;

/// Which way bytes go over the link; 0 where they do not.
inline int way_of(const traffic& over) noexcept { return (over.up.bytes > 0) - (over.down.bytes > 0); }

/// One copy. In a batch, the engine goes from one to the next of the same way without a new start; a product
/// that runs beside makes it wait for memory.
inline errc submit_copy(state& s, stream_state& stream, const copy_use& what, bool batch, int& way) {
  outcome sum;
  if (stream.capture == 0) {
    sum = copy_side(s, what.from, what.bytes, access::read, stream.device);
    if (sum.ok()) sum += copy_side(s, what.to, what.bytes, access::write, stream.device);
  }
  const copy_costs& costs = s.machine.copies;
  const double call = batch ? costs.batched : costs.call;
  const bool inlined = sum.over.up.bytes > 0 && what.bytes <= most_inlined;
  s.clock.spend(inlined ? std::max<double>(call, costs.inlined) : call);
  const bool beside = s.of(stream.device).multiplies_until > stream.free_at(s.clock.start());
  const bool turns = std::exchange(way, way_of(sum.over)) != way_of(sum.over);
  const double next = costs.engine_batched / (beside || turns ? double{s.machine.movers.beside} : 1.0);
  submit(s, stream, sum, batch ? next : double{costs.engine});
  return sum.code;
}

/// Nanoseconds of one thread block for pages of each way, by bytes and by the number of pieces.
inline double block_time(const mover_costs& costs, page_kernel::kind what, const double (&bytes)[3],
                         double pieces) {
  const bool ring = what == page_kernel::kind::ring;
  return bytes[0] / (ring ? costs.ring_up : costs.up) + bytes[1] / (ring ? costs.ring_down : costs.down) +
         bytes[2] / (ring ? costs.ring_swap : costs.swap) + pieces * costs.piece;
}

}  // namespace detail

/// Copies by the copy engine, one after the other in the stream. Memory that belongs to no block is the
/// program's own. A batch costs the host less for each copy.
inline errc copy(state& s, stream_state& stream, std::span<const copy_use> copies, bool batch) {
  if (batch) s.clock.spend(s.machine.copies.call);
  int way = 0;
  for (const copy_use& each : copies) {
    const errc code = detail::submit_copy(s, stream, each, batch, way);
    if (code != errc::success) return code;
  }
  return errc::success;
}

/// The program's own memory goes to the device.
inline errc copy_table(state& s, stream_state& stream, std::size_t bytes) {
  s.clock.spend(s.machine.copies.call);
  outcome sum;
  const double rate = s.machine.copies.staged;
  if (stream.capture == 0) sum.over.add_staged(access::read, static_cast<double>(bytes), rate);
  submit(s, stream, sum, s.machine.copies.engine);
  return errc::success;
}

/// Work of this stream until its end moves pages beside products.
inline void note_movers(state& s, const stream_state& stream, const movers_at_work& share) {
  if (stream.capture != 0) return;
  movers_at_work& now = s.of(stream.device).movers;
  now = share;
  now.until = stream.ready;
}

/// A kernel of some thread blocks moves pages. The bytes are there when the call returns: whoever reads them
/// before the stream has come so far sees them too early.
inline errc move_pages(state& s, stream_state& stream, const page_moves& what, page_kernel how) {
  if (what.pairs == nullptr || what.pieces == nullptr) return errc::invalid_value;
  if (what.count() == 0 || how.ctas == 0 || stream.device != s.device()) return errc::invalid_value;
  const bool real = s.space.how() == backing::real;
  const kernel_reach by{stream.device, 1};
  outcome sum;
  double bytes[3] = {};
  double pieces = 0;
  std::vector<char> held;
  for (std::uint32_t i = 0; i < what.count() && sum.ok(); ++i) {
    const bool up = i < what.up || i >= what.up + what.down;
    const bool down = i >= what.up;
    const page_pair pair = what.pairs[i];
    for (std::uint32_t j = 0; j < what.piece_count && sum.ok(); ++j) {
      const moved_piece& piece = what.pieces[j];
      char* const fast = piece.fast + static_cast<std::size_t>(pair.fast) * piece.stride;
      char* const beyond = piece.beyond + static_cast<std::size_t>(pair.beyond) * piece.stride;
      if (up) sum += copy_range(s, {fast, beyond, piece.bytes}, by);
      if (down && sum.ok()) sum += copy_range(s, {beyond, fast, piece.bytes}, by);
      bytes[up && down ? 2 : up ? 0 : 1] += static_cast<double>(piece.bytes);
      ++pieces;
      if (!real || !sum.ok()) continue;
      held.assign(fast, fast + piece.bytes);
      if (up) std::memcpy(fast, beyond, piece.bytes);
      if (down) std::memcpy(beyond, held.data(), piece.bytes);
    }
  }
  const mover_costs& costs = s.machine.movers;
  const bool shared = s.of(stream.device).multiplies_until > stream.free_at(s.clock.start());
  const double alone = detail::block_time(costs, how.what, bytes, pieces) / how.ctas;
  const double beside = alone / costs.beside;
  const double both = 2 * bytes[2] / s.machine.link.remote_both;
  const double link = std::max({sum.over.up.time, sum.over.down.time, both});
  sum.near = std::max({sum.near, shared ? beside : alone, link});
  if (what.done != nullptr) *what.done = 1;
  launch(s, stream, sum);
  const double full = link >= beside ? double{costs.saturated} : 0.0;  // what runs beside is why it is asked
  note_movers(s, stream, {0, costs.slows * how.ctas + full, costs.slows_large + full / 4});
  return sum.code;
}

}  // namespace cmm::sim
