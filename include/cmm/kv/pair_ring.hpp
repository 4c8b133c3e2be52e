#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "../core/error.hpp"
#include "../core/page_copier.hpp"

namespace cmm::kv::detail {

/// What a kernel is told of, in a part of the ring that no other kernel reads.
struct told_pairs {
  std::span<page_pair> room{};
  std::uint32_t* blocks_done = nullptr;
  std::uint32_t* done = nullptr;
};

/// Host memory through which kernels are told of pairs, part after part. Each kernel says in a word of the
/// same memory that it has read its part, so that a step costs no event.
///
/// When every part still waits for its kernel, the thread waits for the oldest one. For one thread at a time;
/// streams may differ.
template <page_copier Copier>
class pair_ring {
 public:
  /// Throws `bad_request` for numbers that cannot be, `cuda_error`; what it took goes back.
  pair_ring(Copier& copier, std::size_t parts, std::size_t pairs)
      : copier_{copier},
        pairs_{(std::max<std::size_t>(checked(parts, pairs), 2) + 1) / 2 * 2},
        used_(std::max<std::size_t>(parts, 2)) {
    auto api = copier.api();
    const auto here = api.enter(copier.device());
    cmm::detail::check(here.result(), doing);
    void* got = nullptr;
    cmm::detail::check(copier.allocate_pinned(got, used_.size() * part_bytes()), doing);
    memory_ = static_cast<char*>(got);
    try {
      const std::vector<std::uint32_t> none(used_.size());
      cmm::detail::check(api.allocate_device(got, none.size() * sizeof(std::uint32_t)), doing);
      counters_ = static_cast<std::uint32_t*>(got);
      cmm::detail::check(copier.write_now(counters_, none.data(), none.size() * sizeof(std::uint32_t)),
                         doing);
    } catch (...) {
      release();
      throw;
    }
  }
  ~pair_ring() {
    wait();
    release();
  }
  pair_ring(const pair_ring&) = delete;
  pair_ring& operator=(const pair_ring&) = delete;

  /// What the next kernel is told, and will say when it is done. Throws `cuda_error`.
  told_pairs next() {
    const told_pairs part = at(next_);
    if (used_[next_] && !is_done(part)) {
      ++waits_;
      cmm::detail::check(wait_for(part), doing);
    }
    used_[next_] = false;
    std::atomic_ref{*part.done}.store(0, std::memory_order_relaxed);
    return part;
  }
  /// Its kernel is in a stream now.
  void taken() noexcept {
    used_[next_] = true;
    next_ = (next_ + 1) % used_.size();
  }
  /// Until all kernels have read their pairs and moved them.
  void wait() noexcept {
    for (std::size_t i = 0; i < used_.size(); ++i) {
      if (used_[i] && !wait_for(at(i)).ok()) break;
    }
    std::fill(used_.begin(), used_.end(), false);
  }
  /// How often a thread waited for a kernel to read.
  [[nodiscard]] std::size_t waits() const noexcept { return waits_; }
  /// A forked child leaves what belongs to its parent alone.
  void abandon() noexcept {
    std::fill(used_.begin(), used_.end(), false);
    memory_ = nullptr;
    counters_ = nullptr;
  }

 private:
  static constexpr const char* doing = "telling a kernel which pages to move";
  static constexpr std::size_t line = 64;

  static std::size_t checked(std::size_t parts, std::size_t pairs) {
    constexpr std::size_t most_parts = std::size_t{1} << 20, most_pairs = std::size_t{1} << 31;
    if (parts > most_parts || pairs > most_pairs)
      throw bad_request{"a mover was to have " + std::to_string(parts) + " kernels wait with " +
                        std::to_string(pairs) + " pairs each; give at most " + std::to_string(most_parts) +
                        " as steps and " + std::to_string(most_pairs) + " as pairs"};
    return pairs;
  }

  /// A line for the word, and two pairs behind the others, which a kernel may read and does not use.
  [[nodiscard]] std::size_t part_bytes() const noexcept {
    return line + ((pairs_ + 2) * sizeof(page_pair) + line - 1) / line * line;
  }
  [[nodiscard]] told_pairs at(std::size_t part) const noexcept {
    char* const begin = memory_ + part * part_bytes();
    return {{reinterpret_cast<page_pair*>(begin + line), pairs_},
            counters_ + part,
            reinterpret_cast<std::uint32_t*>(begin)};
  }
  static bool is_done(const told_pairs& part) noexcept {
    return std::atomic_ref{*part.done}.load(std::memory_order_acquire) != 0;
  }
  status wait_for(const told_pairs& part) noexcept {
    status so_far;
    while (so_far.ok() && !is_done(part)) so_far = copier_.pause();
    return so_far;
  }
  void release() noexcept {
    if (counters_ != nullptr) static_cast<void>(copier_.api().free(counters_));
    if (memory_ != nullptr) static_cast<void>(copier_.free_pinned(memory_));
  }

  Copier& copier_;
  std::size_t pairs_;
  std::vector<bool> used_;
  std::size_t next_ = 0;
  char* memory_ = nullptr;
  std::uint32_t* counters_ = nullptr;
  std::size_t waits_ = 0;
};

}  // namespace cmm::kv::detail
