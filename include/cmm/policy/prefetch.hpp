#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "../core/concepts.hpp"
#include "../core/units.hpp"

namespace cmm {

/// Populates the block at a location in the order of its stream: on its device unless said otherwise.
///
/// The driver does the work inside the call, on one core, so blocks of at least `parallel_from` bytes are
/// prefetched in pieces of `piece` bytes by `threads` host threads. On an H200 one call populates 276 GB/s,
/// and 8 threads with 32 MiB pieces 312 GB/s (measured by cmm, 2026-11).
struct prefetch {
  location to = location::device();
  std::size_t piece = 32_MiB;
  int threads = 8;
  std::size_t parallel_from = 256_MiB;

  static constexpr const char* name = "prefetch";
  static constexpr bool hints = true;
  static constexpr void fields(auto& self, auto&& visit) {
    visit("to", self.to);
    visit("piece", self.piece);
    visit("threads", self.threads);
    visit("parallel_from", self.parallel_from);
  }

  void place(auto& at, block b, stream s) const {
    if (b.bytes < parallel_from) [[likely]] {
      at.prefetch(b, to, s);
    } else {
      in_pieces(at, b, s);
    }
  }

 private:
  [[gnu::noinline]] void in_pieces(auto& at, block b, stream s) const {
    const std::size_t step = std::max(piece, std::size_t{64_KiB});
    const auto prefetch_one = [&](std::size_t offset) {
      return at.prefetch(
          {static_cast<std::byte*>(b.data) + offset, std::min(step, b.bytes - offset), b.device}, to, s);
    };
    if (!prefetch_one(0)) return;  // a machine that skips the first piece skips them all

    std::atomic<std::size_t> next{step};
    std::exception_ptr failure;
    std::mutex failing;
    const auto work = [&]() noexcept {
      try {
        const auto here = at.enter(b.device);
        detail::check(here.result(), "prefetching a block in pieces");
        for (std::size_t offset = next.fetch_add(step); offset < b.bytes; offset = next.fetch_add(step)) {
          prefetch_one(offset);
        }
      } catch (...) {
        next = b.bytes;
        const std::scoped_lock lock{failing};
        failure = std::current_exception();
      }
    };
    std::vector<std::jthread> helpers;
    try {
      for (int helper = 1; helper < threads; ++helper) helpers.emplace_back(work);
    } catch (const std::system_error&) {
      // No more threads to be had: those that run, this one at least, do all the pieces.
    }
    work();
    helpers.clear();
    if (failure) std::rethrow_exception(failure);
  }
};

}  // namespace cmm
