#pragma once

#include <mutex>
#include <unordered_map>

#include "../core/block.hpp"
#include "../core/say.hpp"

namespace cmm {

/// Whether layers remember their blocks to notice one freed through the wrong allocator: in debug builds.
///
/// Part of the type of such a layer, so that functions of translation units built both ways do not mix. The
/// members of both are the same, so that a class with an allocator in it has one size in all of them.
#ifdef NDEBUG
constexpr bool checks_blocks = false;
#else
constexpr bool checks_blocks = true;
#endif

namespace detail {

/// The live blocks of a layer. Ends the process when a block comes back that is not among them, unless code
/// that keeps no such record made the layer.
template <bool Checks>
class ledger {
 public:
  ledger() = default;
  ledger(const ledger&) = delete;
  ledger& operator=(const ledger&) = delete;

  void add([[maybe_unused]] const block& b) {
    if constexpr (Checks) {
      if (!kept_) return;
      const std::scoped_lock lock{mutex_};
      live_.emplace(b.data, b);
    }
  }
  void remove([[maybe_unused]] const block& b) noexcept {
    if constexpr (Checks) {
      if (!kept_) return;
      const std::scoped_lock lock{mutex_};
      const auto found = live_.find(b.data);
      if (found == live_.end()) {
        stop(
            "a block was freed through an allocator that did not hand it out, or freed twice; free it once, "
            "through the allocator it came from (or this program is compiled partly with NDEBUG and partly "
            "without it; compile all of it in one way)");
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
  }

 private:
  bool kept_ = Checks;
  std::mutex mutex_;
  std::unordered_map<const void*, block> live_;
};

}  // namespace detail
}  // namespace cmm
