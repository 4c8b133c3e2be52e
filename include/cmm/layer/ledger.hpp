#pragma once

#include <mutex>
#include <unordered_map>

#include "../core/block.hpp"
#include "../core/say.hpp"

namespace cmm {

/// Whether layers remember their blocks to notice one freed through the wrong allocator: in debug builds.
///
/// Part of the type of such a layer, so that translation units built both ways do not mix.
#ifdef NDEBUG
constexpr bool checks_blocks = false;
#else
constexpr bool checks_blocks = true;
#endif

namespace detail {

/// The live blocks of a layer. Ends the process when a block comes back that is not among them.
template <bool Checks>
class ledger {
 public:
  void add(const block& b) {
    const std::scoped_lock lock{mutex_};
    live_.emplace(b.data, b);
  }
  void remove(const block& b) noexcept {
    const std::scoped_lock lock{mutex_};
    const auto found = live_.find(b.data);
    if (found == live_.end()) {
      stop(
          "a block was freed through an allocator that did not hand it out, or freed twice; free it once, "
          "through the allocator it came from");
    }
    if (found->second.bytes != b.bytes) {
      stop(
          "a block was freed with another size than it was taken with; pass back the block as allocate "
          "returned it");
    }
    if (found->second.device != b.device && b.device != current_device) {
      stop(
          "a block was freed for another device than it was taken for; pass back the block as allocate "
          "returned it");
    }
    live_.erase(found);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<const void*, block> live_;
};

template <>
class ledger<false> {
 public:
  static void add(const block&) noexcept {}
  static void remove(const block&) noexcept {}
};

}  // namespace detail
}  // namespace cmm
