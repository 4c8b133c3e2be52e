#pragma once

#include <algorithm>
#include <list>
#include <new>
#include <unordered_map>
#include <vector>

#include "../core/block.hpp"
#include "size_classes.hpp"

namespace cmm::detail {

struct segment {
  block origin;
  bool shared = false;  ///< serves many small blocks, rather than one large one and its remainder
  std::size_t live = 0;
  std::size_t parked = 0;
  chunk* first = nullptr;
};

/// All segments of a pool and the chunks they are cut into. Not thread-safe; the pool locks.
class segments {
 public:
  using iterator = std::list<segment>::iterator;

  /// Takes a segment over as one live chunk. Strong guarantee: on `bad_alloc` nothing has changed.
  chunk& adopt(block origin, bool shared) {
    std::list<segment> fresh{segment{origin, shared}};
    chunk* const whole = make_chunk();
    try {
      by_address_.emplace(origin.data, whole);
    } catch (...) {
      spare_.push_back(whole);
      throw;
    }
    *whole = {.data = static_cast<std::byte*>(origin.data), .bytes = origin.bytes, .owner = &fresh.front()};
    fresh.front().first = whole;
    reserved_ += origin.bytes;
    peak_ = std::max(peak_, reserved_);
    all_.splice(all_.end(), fresh);
    return *whole;
  }

  /// Cuts a chunk after `bytes`; the rest is a chunk of its own. None when host memory ran out: the chunk
  /// stays whole.
  chunk* split(chunk& c, std::size_t bytes) noexcept {
    chunk* rest = nullptr;
    try {
      rest = make_chunk();
      by_address_.emplace(c.data + bytes, rest);
    } catch (const std::bad_alloc&) {
      if (rest != nullptr) spare_.push_back(rest);
      return nullptr;
    }
    *rest = {
        .data = c.data + bytes, .bytes = c.bytes - bytes, .owner = c.owner, .before = &c, .after = c.after};
    if (rest->after != nullptr) rest->after->before = rest;
    c.after = rest;
    c.bytes = bytes;
    return rest;
  }

  /// Joins a chunk with the one after it.
  void join(chunk& c) noexcept {
    chunk& gone = *c.after;
    by_address_.erase(gone.data);
    c.bytes += gone.bytes;
    c.after = gone.after;
    if (c.after != nullptr) c.after->before = &c;
    spare_.push_back(&gone);
  }

  /// The chunk that begins at an address, or none.
  [[nodiscard]] chunk* find(void* data) const noexcept {
    const auto found = by_address_.find(data);
    return found == by_address_.end() ? nullptr : found->second;
  }

  /// Forgets a segment and its chunks, none of which may hang in a size class; its memory is the caller's
  /// again.
  block release(iterator at) noexcept {
    const block origin = at->origin;
    for (chunk* c = at->first; c != nullptr; c = c->after) {
      by_address_.erase(c->data);
      spare_.push_back(c);
    }
    reserved_ -= origin.bytes;
    all_.erase(at);
    return origin;
  }

  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
  [[nodiscard]] iterator begin() noexcept { return all_.begin(); }
  [[nodiscard]] iterator end() noexcept { return all_.end(); }
  [[nodiscard]] std::size_t reserved() const noexcept { return reserved_; }
  [[nodiscard]] std::size_t peak() const noexcept { return peak_; }
  void reset_peak() noexcept { peak_ = reserved_; }

 private:
  chunk* make_chunk() {
    if (spare_.empty()) {
      spare_.reserve(chunks_.size() + 1);  // so that giving chunks back never allocates
      return &chunks_.emplace_back();
    }
    chunk* const again = spare_.back();
    spare_.pop_back();
    return again;
  }

  // Lists, for what is pointed at must stay where it is; unique_ptr brings in all of <memory> and <ostream>.
  std::list<segment> all_;
  std::list<chunk> chunks_;
  std::vector<chunk*> spare_;
  std::unordered_map<void*, chunk*> by_address_;
  std::size_t reserved_ = 0;
  std::size_t peak_ = 0;
};

}  // namespace cmm::detail
