#pragma once

#include <cstdint>
#include <span>

#include "../core/requirements.hpp"

namespace cmm::kv {

/// What an engine tells of its pages before the work of a step, in pages. They count in the order given here,
/// so that a page can be given back and handed out anew in one step.
///
/// A page is live while it has readers: each time that it is named as `hits` or `fresh` it gains one, each
/// time as `idle` or `dead` it loses one. Page 0 may be named, and nothing is done: padding is written there.
struct changes {
  std::span<const std::int32_t> idle{};     ///< lose a reader; without readers, can still be hit
  std::span<const std::int32_t> dead{};     ///< lose a reader; without readers, the content is dropped
  std::span<const std::int32_t> dropped{};  ///< have no reader, and can be hit no longer
  std::span<const std::int32_t> fresh{};    ///< handed out anew: gain their first reader, the content is dead
  std::span<const std::int32_t> hits{};     ///< gain a reader that needs the content
  std::span<const std::int32_t> written{};  ///< other live pages that the work of this step writes
  std::span<const std::int32_t> used{};     ///< live pages that it reads, where it does not read all of them
};

}  // namespace cmm::kv
