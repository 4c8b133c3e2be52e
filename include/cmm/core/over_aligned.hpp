#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "block.hpp"

namespace cmm::detail {

/// Blocks of an alignment that no source guarantees, which was had by asking for more: the whole block by the
/// address that was handed out. Thread-safe.
class over_aligned {
 public:
  /// Bytes to ask for, so that as many are left behind an aligned address. At most `no_limit / 2` each.
  static constexpr std::size_t bytes_for(std::size_t bytes, std::size_t alignment) noexcept {
    return bytes + alignment - guaranteed_alignment;
  }

  /// The first aligned address in a block. Strong guarantee: `std::bad_alloc` when host memory ran out.
  void* add(const block& whole, std::size_t alignment) {
    const auto begin = reinterpret_cast<std::uintptr_t>(whole.data);
    const std::size_t behind = (alignment - begin % alignment) % alignment;
    void* const at = static_cast<std::byte*>(whole.data) + behind;
    const std::scoped_lock lock{mutex_};
    whole_.emplace(at, whole);
    return at;
  }

  /// The block behind an address that `add` gave; empty for any other.
  block take(const void* at) noexcept {
    const std::scoped_lock lock{mutex_};
    const auto found = whole_.find(at);
    if (found == whole_.end()) return {};
    const block whole = found->second;
    whole_.erase(found);
    return whole;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<const void*, block> whole_;
};

}  // namespace cmm::detail
