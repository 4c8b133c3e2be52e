#pragma once

#include <concepts>
#include <cstddef>
#include <span>

#include "api.hpp"
#include "page_moves.hpp"

namespace cmm {

/// A kernel that moves pages, and how much of the GPU it takes: `ctas` thread blocks, each with a
/// multiprocessor of its own while it runs.
struct page_kernel {
  enum class kind : unsigned char {
    registers,  ///< threads load and store
    ring,       ///< one thread issues bulk copies through shared memory
  };

  /// Which kernel, and with how many thread blocks.
  kind what = kind::registers;
  unsigned ctas = 1;
};

/// Copies for the copy engine, in no order; the spans are of one length.
struct page_copies {
  std::span<void* const> to{};
  std::span<const void* const> from{};
  std::span<const std::size_t> bytes{};
};

/// What a mover needs of a machine beside its api: `cuda::page_copier` is the real model, `sim::page_copier`
/// a simulated one.
///
/// `device` is the one that moves the pages; `device_of` tells which one a stream belongs to.
/// `allocate_pinned` gives host memory that GPU and CPU read and write, `write_now` writes memory of the GPU
/// and returns when that is done. `moves_by_ring` tells whether the GPU has the kernel of that kind. `move`
/// and `copy` put work into a stream and wait for nothing, and `move` fails for a stream of another device;
/// the lists of `page_moves` are read when that work runs, those of `page_copies` before `copy` returns.
template <class Copier>
concept page_copier = requires(Copier& c, void* p, void*& out, const void* from, std::size_t n, int& device,
                               stream s, const page_moves& moves, const page_copies& copies) {
  { c.api() } -> api;
  { c.device() } -> std::same_as<int>;
  { c.device_of(s, device) } -> std::same_as<status>;
  { c.allocate_pinned(out, n) } -> std::same_as<status>;
  { c.free_pinned(p) } -> std::same_as<status>;
  { c.write_now(p, from, n) } -> std::same_as<status>;
  { c.moves_by_ring() } -> std::same_as<bool>;
  { c.move(moves, page_kernel{}, s) } -> std::same_as<status>;
  { c.pause() } -> std::same_as<status>;
  { c.copy(copies, s) } -> std::same_as<status>;
};

}  // namespace cmm
