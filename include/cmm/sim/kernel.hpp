#pragma once

#include <cstddef>
#include <span>

#include "state.hpp"

namespace cmm::sim {

/// Memory that one thread block of a kernel uses.
struct memory_use {
  const void* data = nullptr;
  std::size_t bytes = 0;
};

/// The part of a kernel that touches memory which never moves.
inline outcome touch_fixed(const state& s, const allocation& block, const touch& use, int device) {
  const page_slice all{use.offset, use.bytes, 0};
  const bool own = block.kind == memory_kind::device && block.where.id == device;
  const auto pool = s.pools.find(block.pool);
  const bool granted = pool != s.pools.end() && (pool->second.granted >> device & 1) != 0;
  if (!own && !granted) return {errc::illegal_address, 0};
  const bool read = use.how == access::read;
  const double rate = own || s.machine.unified
                          ? (read ? s.machine.hbm.read : s.machine.hbm.write)
                          : (read ? s.machine.link.remote_read : s.machine.link.remote_write);
  return {errc::success, use.moved(all) / rate};
}

/// Runs a kernel on the stream; under capture it only takes its place in the order.
inline errc run_kernel(state& s, std::span<const memory_use> uses, access how, std::size_t stride,
                       stream on) {
  stream_state* const stream = s.find(on);
  if (stream == nullptr) return errc::invalid_value;
  outcome sum{};
  bool woken = false;
  for (const memory_use& each : uses) {
    allocation* const block = s.space.holding(each.data, each.bytes);
    if (block == nullptr) return errc::illegal_address;
    if (stream->capture != 0) continue;
    const touch use{address_space::offset_in(*block, each.data), each.bytes, how, stride};
    const bool readable = s.machine.capability(attribute::pageable_memory_access) != 0;
    if (block->kind == memory_kind::system && !readable) return errc::illegal_address;
    const outcome one = block->pageable() ? s.pager.gpu_touch(*block, use, stream->device, woken)
                                          : touch_fixed(s, *block, use, stream->device);
    sum.nanoseconds += one.nanoseconds;
    sum.code = one.code;
    if (one.code != errc::success) break;
  }
  stream->before.join(s.host);
  stream->work(s.clock.start(), sum.nanoseconds);
  return sum.code;
}

inline errc run_compute(state& s, double nanoseconds, stream on) {
  stream_state* const stream = s.find(on);
  if (stream == nullptr) return errc::invalid_value;
  stream->before.join(s.host);
  stream->work(s.clock.start(), stream->capture == 0 ? nanoseconds : 0.0);
  return errc::success;
}

inline errc run_loop(state& s, const void* p, std::size_t bytes, access how, std::size_t stride) {
  allocation* const block = s.space.holding(p, bytes);
  if (block == nullptr || block->kind == memory_kind::device) return errc::illegal_address;
  const touch use{address_space::offset_in(*block, p), bytes, how, stride};
  const double rate = how == access::read ? s.machine.host.read : s.machine.host.write;
  const outcome done = block->pageable() ? s.pager.cpu_touch(*block, use)
                                         : outcome{errc::success, use.moved({use.offset, bytes, 0}) / rate};
  s.clock.spend(done.nanoseconds);
  return done.code;
}

}  // namespace cmm::sim
