#pragma once

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>
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
  /// Takes a segment over as one live chunk. Strong guarantee: on `bad_alloc` nothing has changed.
  chunk& adopt(block origin, bool shared) {
    auto fresh = std::make_unique<segment>(segment{origin, shared});
    chunk* const whole = make_chunk();
    try {
      all_.reserve(all_.size() + 1);
      by_address_.emplace(origin.data, whole);
    } catch (...) {
      spare_.push_back(whole);
      throw;
    }
    *whole = {.data = static_cast<std::byte*>(origin.data), .bytes = origin.bytes, .owner = fresh.get()};
    fresh->first = whole;
    reserved_ += origin.bytes;
    peak_ = std::max(peak_, reserved_);
    all_.push_back(std::move(fresh));
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
  block release(std::size_t index) noexcept {
    const block origin = all_[index]->origin;
    for (chunk* c = all_[index]->first; c != nullptr; c = c->after) {
      by_address_.erase(c->data);
      spare_.push_back(c);
    }
    reserved_ -= origin.bytes;
    all_[index] = std::move(all_.back());
    all_.pop_back();
    return origin;
  }

  [[nodiscard]] std::size_t count() const noexcept { return all_.size(); }
  [[nodiscard]] segment& operator[](std::size_t index) const noexcept { return *all_[index]; }
  [[nodiscard]] std::size_t reserved() const noexcept { return reserved_; }
  [[nodiscard]] std::size_t peak() const noexcept { return peak_; }
  void reset_peak() noexcept { peak_ = reserved_; }

 private:
  chunk* make_chunk() {
    if (spare_.empty()) {
      spare_.reserve(chunks_.size() + 1);  // so that giving chunks back never allocates
      chunks_.push_back(std::make_unique<chunk>());
      return chunks_.back().get();
    }
    chunk* const again = spare_.back();
    spare_.pop_back();
    return again;
  }

  std::vector<std::unique_ptr<segment>> all_;
  std::vector<std::unique_ptr<chunk>> chunks_;
  std::vector<chunk*> spare_;
  std::unordered_map<void*, chunk*> by_address_;
  std::size_t reserved_ = 0;
  std::size_t peak_ = 0;
};

}  // namespace cmm::detail
