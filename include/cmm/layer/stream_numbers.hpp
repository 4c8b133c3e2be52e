#pragma once

#include <pthread.h>

#include <cstdint>
#include <map>
#include <unordered_map>

#include "stream_place.hpp"

namespace cmm::detail {

/// Counts streams from 0 in the order in which they come. A handle that the driver gave to a new stream is
/// that stream, and the default streams of two devices or threads are two.
class stream_numbers {
 public:
  /// Throws `std::bad_alloc` and nothing else. A captured stream cannot be asked for its id, so it is the one
  /// that its handle was before.
  template <api Api>
  std::uint64_t number_of(Api& api, int device, stream s) {
    const stream_place place{api, device, s};
    const std::uint64_t handle = is_per_thread(api, s) ? static_cast<std::uint64_t>(pthread_self())
                                                       : reinterpret_cast<std::uintptr_t>(s.native());
    if (!place.result().ok() || place.capture() != 0) return numbered(latest_, handle);
    stream_key key = place.key();
    if (key.id != stream_key::legacy) key.device = 0;  // its id is that of no stream of another device
    return latest_[handle] = numbered(known_, key);
  }

 private:
  template <class Map>
  std::uint64_t numbered(Map& numbers, const typename Map::key_type& key) {
    const auto [at, is_new] = numbers.try_emplace(key, next_);
    if (is_new) ++next_;
    return at->second;
  }

  std::map<stream_key, std::uint64_t> known_;
  std::unordered_map<std::uint64_t, std::uint64_t> latest_;  ///< by handle, or thread
  std::uint64_t next_ = 0;
};

}  // namespace cmm::detail
