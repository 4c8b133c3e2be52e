#pragma once

#include <atomic>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include "block.hpp"
#include "say.hpp"
#include "status.hpp"

namespace cmm::detail {

/// Blocks that could not be given back when they were freed; they are given back when the allocator ends.
///
/// A captured graph may still use them, or the call that frees failed. The first failure is said on stderr.
class held_blocks {
 public:
  [[gnu::cold, gnu::noinline]] void add(block b, status refused) noexcept {
    if (refused.code != errc::capture_unsupported && !said_.exchange(true)) {
      say(std::string{refused.call} + " failed while freeing: " + describe(refused.code) +
          "; the block is kept and freed again when the allocator ends");
    }
    const std::scoped_lock lock{mutex_};
    try {
      blocks_.push_back(b);
      count_.store(blocks_.size(), std::memory_order_relaxed);
    } catch (const std::bad_alloc&) {
      say("host memory ran out while a block was put aside; its memory stays taken until the process ends");
    }
  }

  [[nodiscard]] std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

  /// Gives every block to `free_one`, which answers with a status.
  void release(auto&& free_one) noexcept {
    for (const block& b : blocks_) {
      const status freed = free_one(b);
      if (!freed.ok()) say(std::string{freed.call} + " failed again at the end: " + describe(freed.code));
    }
    blocks_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<block> blocks_;
  std::atomic<std::size_t> count_ = 0;
  std::atomic<bool> said_ = false;
};

}  // namespace cmm::detail
