#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "../core/error.hpp"
#include "../core/page_copier.hpp"
#include "mover_rows.hpp"
#include "plan.hpp"

namespace cmm::kv::detail {

/// Moves pages by the copy engine. Contents change places by way of memory of the GPU of this object, as many
/// pages at a time as it holds; streams that use it wait for each other.
template <page_copier Copier>
class engine_moves {
 public:
  engine_moves(Copier& copier, std::span<const moved_piece> pieces, std::size_t staging)
      : copier_{copier}, pieces_{pieces}, staging_bytes_{staging} {
    for (const moved_piece& each : pieces) page_bytes_ += each.bytes;
  }
  ~engine_moves() { release(); }
  engine_moves(const engine_moves&) = delete;
  engine_moves& operator=(const engine_moves&) = delete;

  /// Throws `cuda_error`, `bad_request` where the staging memory does not hold one page.
  void move(std::span<const slot_pair> pairs, direction way, stream on) {
    if (way == direction::swap) return exchange(pairs, on);
    for (const slot_pair& pair : pairs) {
      for (const moved_piece& piece : pieces_) {
        way == direction::up ? add(fast(piece, pair), beyond(piece, pair), piece.bytes)
                             : add(beyond(piece, pair), fast(piece, pair), piece.bytes);
      }
    }
    submit(on);
  }
  [[nodiscard]] std::size_t calls() const noexcept { return calls_; }
  /// A forked child leaves what belongs to its parent alone.
  void abandon() noexcept { staging_ = nullptr; }

 private:
  static constexpr const char* doing = "moving pages by the copy engine";
  static constexpr std::size_t batch = 512;  ///< copies

  static char* fast(const moved_piece& piece, slot_pair pair) {
    return piece.fast + static_cast<std::size_t>(pair.fast) * piece.stride;
  }
  static char* beyond(const moved_piece& piece, slot_pair pair) {
    return piece.beyond + static_cast<std::size_t>(pair.beyond) * piece.stride;
  }

  void exchange(std::span<const slot_pair> pairs, stream on) {
    const std::size_t at_once = staging_bytes_ / page_bytes_;
    if (at_once == 0) {
      throw bad_request{"the copy engine cannot exchange pages of " + std::to_string(page_bytes_) +
                        " bytes with " + std::to_string(staging_bytes_) +
                        " of staging memory; give mover_settings::staging at least a page, or use a kernel"};
    }
    auto api = copier_.api();
    if (staging_ == nullptr) take_staging(api);
    cmm::detail::check(api.wait(on, staged_), doing);
    for (std::size_t begin = 0; begin < pairs.size(); begin += at_once) {
      const auto some = pairs.subspan(begin, std::min(at_once, pairs.size() - begin));
      each_staged(some, [&](const moved_piece& piece, slot_pair pair, char* held) {
        add(held, beyond(piece, pair), piece.bytes);
      });
      submit(on);
      each_staged(some, [&](const moved_piece& piece, slot_pair pair, char*) {
        add(beyond(piece, pair), fast(piece, pair), piece.bytes);
      });
      submit(on);
      each_staged(some, [&](const moved_piece& piece, slot_pair pair, char* held) {
        add(fast(piece, pair), held, piece.bytes);
      });
      submit(on);
    }
    cmm::detail::check(api.record(staged_, on), doing);
  }
  void take_staging(auto& api) {
    event made;
    cmm::detail::check(api.create_event(made), doing);
    void* got = nullptr;
    const status taken = api.allocate_device(got, staging_bytes_);
    if (!taken.ok()) static_cast<void>(api.destroy_event(made));
    cmm::detail::check(taken, doing);
    staged_ = made;
    staging_ = static_cast<char*>(got);
  }
  void each_staged(std::span<const slot_pair> pairs, auto body) {
    char* held = staging_;
    for (const slot_pair& pair : pairs) {
      for (const moved_piece& piece : pieces_) {
        body(piece, pair, held);
        held += piece.bytes;
      }
    }
  }

  void add(void* to, const void* from, std::size_t bytes) {
    to_.push_back(to);
    from_.push_back(from);
    bytes_.push_back(bytes);
  }
  /// In several batches, so that copies run while later ones are told. The lists keep their room for the next
  /// step.
  void submit(stream on) {
    status copied;
    for (std::size_t begin = 0; begin < to_.size() && copied.ok(); begin += batch) {
      const std::size_t some = std::min(batch, to_.size() - begin);
      copied = copier_.copy({std::span{to_}.subspan(begin, some), std::span{from_}.subspan(begin, some),
                             std::span{bytes_}.subspan(begin, some)},
                            on);
      ++calls_;
    }
    to_.clear();
    from_.clear();
    bytes_.clear();
    cmm::detail::check(copied, doing);
  }
  void release() noexcept {
    if (staging_ == nullptr) return;
    auto api = copier_.api();
    static_cast<void>(api.synchronize(staged_));
    static_cast<void>(api.destroy_event(staged_));
    static_cast<void>(api.free(staging_));
  }

  Copier& copier_;
  std::span<const moved_piece> pieces_;
  std::size_t staging_bytes_;
  std::size_t page_bytes_ = 0;
  char* staging_ = nullptr;
  event staged_{};
  std::size_t calls_ = 0;
  std::vector<void*> to_;
  std::vector<const void*> from_;
  std::vector<std::size_t> bytes_;
};

}  // namespace cmm::kv::detail
