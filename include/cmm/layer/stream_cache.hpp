#pragma once

#include <cstdint>
#include <map>

#include "../core/api.hpp"
#include "segments.hpp"

namespace cmm::detail {

/// Which stream of which device a chunk was last used in.
struct stream_key {
  int device = 0;
  std::uint64_t id = 0;

  // Ids of the driver count from 1, those of captured streams are addresses.
  static constexpr std::uint64_t legacy = ~std::uint64_t{0};
  static constexpr std::uint64_t nobody = legacy - 1;  ///< of chunks that every stream has finished with

  friend bool operator==(const stream_key&, const stream_key&) = default;
  friend auto operator<=>(const stream_key&, const stream_key&) = default;
};

/// The free chunks of one stream, and an event that marks its latest free.
struct stream_cache {
  size_classes small;
  size_classes large;
  stream_key key{};
  event freed{};
  bool has_event = false;
  bool fenced = false;     ///< the event stands behind every free so far; without it other streams keep out
  std::size_t parked = 0;  ///< parked chunks that this stream freed
  std::uint64_t last_used = 0;  ///< how many streams had come when this one last freed
  std::uint64_t awaited = 0;    ///< the last gathering whose stream waits for this one

  size_classes& classes(bool shared) noexcept { return shared ? small : large; }

  /// In the legacy default stream, which cannot go away, the event is recorded when one is wanted.
  [[nodiscard]] bool legacy() const noexcept { return key.id == stream_key::legacy; }
  [[nodiscard]] bool settled() const noexcept { return key.id == stream_key::nobody; }
  [[nodiscard]] chunk* any_free() const noexcept {
    chunk* const found = small.any();
    return found != nullptr ? found : large.any();
  }
};

using stream_caches = std::map<stream_key, stream_cache>;

}  // namespace cmm::detail
