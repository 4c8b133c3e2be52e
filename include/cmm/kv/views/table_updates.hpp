#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "../../core/error.hpp"
#include "../page_lists.hpp"

namespace cmm::kv::detail {

/// Which entries of a cache's table a view must write: those of the last step, or all where it saw none
/// before, missed a step, or was of another cache.
class table_updates {
 public:
  template <class Cache, class Write>
  void update(const Cache& cache, Write&& write) {
    const std::uint64_t now = cache.counters().steps;
    const bool same = is_of(cache);
    if (same && now == seen_) return;
    if (same && seen_ != 0 && now == seen_ + 1) {
      for (const std::int32_t entry : cache.tables().published()) write(entry);
    } else {
      for (std::int32_t entry = 0; entry < entries_of(cache); ++entry) write(entry);
    }
    seen_ = now;
    of_ = &cache;
  }

  /// Whether the last update was of this cache.
  template <class Cache>
  [[nodiscard]] bool is_of(const Cache& cache) const noexcept {
    return of_ == &cache;
  }

  template <class Cache>
  static std::int32_t entries_of(const Cache& cache) noexcept {
    return cache.tables().rows() * cache.tables().width();
  }

 private:
  std::uint64_t seen_ = 0;
  const void* of_ = nullptr;
};

/// Throws `bad_request` for a buffer of the caller that is too small.
inline void check_room(std::size_t has, std::size_t needs, const char* what) {
  if (has < needs) [[unlikely]]
    throw bad_request{"the buffer for " + std::string{what} + " has room for " + std::to_string(has) +
                      " of " + std::to_string(needs) + " numbers; give a larger one"};
}

}  // namespace cmm::kv::detail
