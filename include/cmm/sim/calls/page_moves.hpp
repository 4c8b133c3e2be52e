#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "../../core/page_copier.hpp"
#include "kernel.hpp"

namespace cmm::sim {

namespace detail {

/// One piece of a page goes from one memory to the other.
inline outcome move_range(state& s, void* to, const void* from, std::size_t bytes, int device) {
  const kernel_reach by{device, 1};
  outcome sum = touch_range(s, {from, bytes}, access::read, 0, by);
  if (sum.code == errc::success) sum += touch_range(s, {to, bytes}, access::write, 0, by);
  return sum;
}

/// Nanoseconds of one thread block for pages of each way, by bytes and by the number of pieces.
inline double block_time(const mover_costs& costs, page_kernel::kind what, const double (&bytes)[3],
                         double pieces) {
  const bool ring = what == page_kernel::kind::ring;
  return bytes[0] / (ring ? costs.ring_up : costs.up) + bytes[1] / (ring ? costs.ring_down : costs.down) +
         bytes[2] / (ring ? costs.ring_swap : costs.swap) + pieces * costs.piece;
}

}  // namespace detail

/// Work of this stream until its end moves pages beside products.
inline void note_movers(state& s, const stream_state& stream, const movers_at_work& share) {
  if (stream.capture != 0) return;
  movers_at_work& now = s.movers[static_cast<std::size_t>(stream.device)];
  now = share;
  now.until = stream.ready;
}

/// A kernel of some thread blocks moves pages. The bytes are there when the call returns: whoever reads them
/// before the stream has come so far sees them too early.
inline errc run_page_moves(state& s, const page_moves& what, page_kernel how, stream on) {
  stream_state* const stream = s.find(on);
  if (stream == nullptr || what.pairs == nullptr || what.pieces == nullptr) return errc::invalid_value;
  if (what.count() == 0 || how.ctas == 0 || stream->device != s.device()) return errc::invalid_value;
  const bool real = s.space.how() == backing::real;
  outcome sum;
  double bytes[3] = {};
  double pieces = 0;
  std::vector<char> held;
  for (std::uint32_t i = 0; i < what.count() && sum.code == errc::success; ++i) {
    const bool up = i < what.up || i >= what.up + what.down;
    const bool down = i >= what.up;
    const page_pair pair = what.pairs[i];
    for (std::uint32_t j = 0; j < what.piece_count && sum.code == errc::success; ++j) {
      const moved_piece& piece = what.pieces[j];
      char* const fast = piece.fast + static_cast<std::size_t>(pair.fast) * piece.stride;
      char* const beyond = piece.beyond + static_cast<std::size_t>(pair.beyond) * piece.stride;
      if (up) sum += detail::move_range(s, fast, beyond, piece.bytes, stream->device);
      if (down && sum.code == errc::success)
        sum += detail::move_range(s, beyond, fast, piece.bytes, stream->device);
      bytes[up && down ? 2 : up ? 0 : 1] += static_cast<double>(piece.bytes);
      ++pieces;
      if (!real || sum.code != errc::success) continue;
      held.assign(fast, fast + piece.bytes);
      if (up) std::memcpy(fast, beyond, piece.bytes);
      if (down) std::memcpy(beyond, held.data(), piece.bytes);
    }
  }
  const mover_costs& costs = s.machine.movers;
  const std::int64_t start = stream->free_at(s.clock.start());
  const bool shared = s.products[static_cast<std::size_t>(stream->device)] > start;
  const double alone = detail::block_time(costs, how.what, bytes, pieces) / how.ctas;
  const double beside = alone / costs.beside;
  const double link = std::max(
      {sum.over.up_time, sum.over.down_time, bytes[2] > 0 ? 2 * bytes[2] / s.machine.link.remote_both : 0.0});
  sum.near = std::max({sum.near, shared ? beside : alone, link});
  if (what.done != nullptr) *what.done = 1;
  s.clock.spend(s.machine.calls.launch);
  submit(s, *stream, sum, s.machine.gpu.launch);
  const double full = link >= beside ? double{costs.saturated} : 0.0;  // what runs beside is why it is asked
  note_movers(s, *stream, {0, costs.slows * how.ctas + full, costs.slows_large + full / 4});
  return sum.code;
}

}  // namespace cmm::sim
