#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <new>
#include <utility>
#include <vector>

#include "memory_area.hpp"

namespace cmm {

/// Hands out a memory handle that was made before, and says whether it has one of this size and place.
using taken_memory = std::function<bool(std::size_t bytes, location where, memory_handle& out)>;

}  // namespace cmm

namespace cmm::detail {

/// Who may use a range, and how its memory is made.
struct mapping_settings {
  std::vector<location> devices{};  ///< the GPUs that reach all of it
  bool host = true;                 ///< the CPU reaches what lies on the host
  bool shareable = false;           ///< its handles can be exported
  std::size_t piece = no_limit;     ///< the most bytes of one handle
  taken_memory from{};              ///< asked first for each handle
};

/// One reserved address range, to which memory is mapped piece by piece in order of the addresses.
///
/// No thread-safety. Each step answers with a status and changes nothing when it fails, so that it can be
/// asked for again: `extend` goes on making, `give_back` goes on giving back. The destructor does nothing.
template <api Api>
class mapped_pieces {
 public:
  struct piece {
    std::size_t offset = 0;
    std::size_t bytes = 0;
    location where{};
    memory_handle memory{};
    bool mapped = false;
    std::size_t alias_of = own_memory;  ///< the piece before it whose memory it shows
  };
  static constexpr std::size_t own_memory = memory_area::own_memory;

  /// For areas that are checked. Takes no memory yet.
  mapped_pieces(std::vector<memory_area> areas, mapping_settings settings)
      : settings_{std::move(settings)}, areas_{std::move(areas)} {
    for (const memory_area& each : areas_) bytes_ += each.bytes;
  }

  /// Reserves the addresses; needed once, before the first piece.
  status reserve(Api& api) {
    void* base = nullptr;
    const status reserved = api.reserve(base, bytes_);
    if (!reserved.ok()) return reserved;
    base_ = static_cast<std::byte*>(base);
    try {
      cut();  // not before, as a range that has no room would have more pieces than there is memory for
    } catch (const std::bad_alloc&) {
      pieces_ = {};
      static_cast<void>(give_back(api));
      return {errc::out_of_memory, "operator new"};
    }
    return {};
  }

  /// Makes the next piece and opens it. Where that fails half-way, its memory goes back at once, or with the
  /// rest.
  status extend(Api& api) {
    return extend(api, [&](piece& next) {
      if (next.alias_of != own_memory) return status{};
      if (settings_.from && settings_.from(next.bytes, next.where, next.memory)) return status{};
      return api.create_memory(next.memory, next.bytes, next.where, settings_.shareable);
    });
  }
  /// The same with memory that `make` puts into the piece.
  template <class Make>
  status extend(Api& api, Make&& make) {
    piece& next = pieces_[made_];
    if (const status left = empty(api, next); !left.ok()) return left;
    status done = make(next);
    if (!done.ok()) return done;
    done = api.map(base_ + next.offset, next.bytes, memory_of(next));
    next.mapped = done.ok();
    if (done.ok()) done = open(api, next);
    if (done.ok()) {
      ++made_;
    } else {
      static_cast<void>(empty(api, next));
    }
    return done;
  }

  /// Gives everything back, the addresses last.
  status give_back(Api& api) {
    made_ = 0;
    for (piece& each : pieces_) {
      if (const status left = empty(api, each); !left.ok()) return left;
    }
    if (base_ == nullptr) return {};
    const status freed = api.free_reserved(base_, bytes_);
    if (freed.ok()) base_ = nullptr;
    return freed;
  }

  [[nodiscard]] std::byte* data() const noexcept { return base_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool complete() const noexcept { return made_ == pieces_.size(); }
  /// Bytes from the begin on that are made.
  [[nodiscard]] std::size_t ready() const noexcept { return complete() ? bytes_ : pieces_[made_].offset; }
  /// What a piece shows: its own memory, or that of another.
  [[nodiscard]] memory_handle memory_of(const piece& one) const noexcept {
    return one.alias_of == own_memory ? one.memory : pieces_[one.alias_of].memory;
  }
  /// The piece that is made next; there is one unless it is complete.
  [[nodiscard]] const piece& next() const noexcept { return pieces_[made_]; }
  [[nodiscard]] const std::vector<piece>& all() const noexcept { return pieces_; }
  [[nodiscard]] const mapping_settings& settings() const noexcept { return settings_; }

 private:
  void cut() {
    std::vector<std::size_t> begins;  // of areas, among the pieces
    for (const memory_area& each : areas_) {
      begins.push_back(pieces_.size());
      const bool alias = each.alias_of != own_memory;
      std::size_t shown = alias ? begins[shown_by(areas_, each)] : own_memory;
      for (std::size_t done = 0; done < each.bytes; done += settings_.piece) {
        const std::size_t bytes = std::min(settings_.piece, each.bytes - done);
        pieces_.push_back({.offset = each.offset + done,
                           .bytes = bytes,
                           .where = each.where,
                           .alias_of = alias ? shown++ : own_memory});
        if (settings_.piece >= each.bytes - done) break;
      }
    }
  }

  status open(Api& api, const piece& one) {
    std::vector<location> who = settings_.devices;
    const bool on_device = one.where.what == location::kind::device;
    if (on_device ? std::find(who.begin(), who.end(), one.where) == who.end() : settings_.host) {
      who.push_back(one.where);
    }
    return api.set_access(base_ + one.offset, one.bytes, who.data(), who.size());
  }

  status empty(Api& api, piece& one) {
    if (one.mapped) {
      if (const status unmapped = api.unmap(base_ + one.offset, one.bytes); !unmapped.ok()) return unmapped;
      one.mapped = false;
    }
    if (one.memory.native != 0) {
      if (const status released = api.release_memory(one.memory); !released.ok()) return released;
      one.memory = {};
    }
    return {};
  }

  mapping_settings settings_;
  std::vector<memory_area> areas_;
  std::vector<piece> pieces_;
  std::byte* base_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t made_ = 0;
};

}  // namespace cmm::detail
