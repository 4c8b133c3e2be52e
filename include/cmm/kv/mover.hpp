#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "../core/process.hpp"
#include "engine_moves.hpp"
#include "mover_rows.hpp"
#include "page_places.hpp"
#include "pair_ring.hpp"
#include "plan.hpp"

namespace cmm::kv {

/// How a mover works.
struct mover_settings {
  std::vector<mover_row> rows{std::begin(over_pcie), std::end(over_pcie)};  ///< `read_mover_rows` reads more
  unsigned ctas = 0;  ///< thread blocks of every kernel; 0 as the rows say
  std::size_t staging = std::size_t{32}
                        << 20;  ///< bytes of HBM at most, when the copy engine exchanges pages
  std::size_t steps = 16;       ///< kernels that may wait in streams before the caller does
  std::size_t pairs = 8192;     ///< that one kernel moves; a longer plan takes several
};

/// What a mover has done.
struct mover_counts {
  std::size_t plans = 0;  ///< that were not empty
  std::size_t up = 0;     ///< pages
  std::size_t down = 0;
  std::size_t swapped = 0;  ///< pairs of pages
  std::size_t bytes_up = 0;
  std::size_t bytes_down = 0;
  std::size_t kernels = 0;
  std::size_t copies = 0;  ///< calls of the copy engine
  std::size_t waits = 0;   ///< for a kernel that was `steps` behind
};

/// Moves pages between the memory of a GPU and that of the host, as plans say.
///
/// Work goes into the stream of the call, after what is in it, and nothing is waited for; other streams order
/// themselves by events. An empty plan costs nothing. A plan is checked before any of it runs: slots of other
/// movers, a step that was run before, a stream of another device or one that is being captured, and a forked
/// child are a `bad_request`. For one thread at a time; the copier and the memory must outlive it.
template <page_copier Copier>
class mover {
 public:
  /// Pages of these pieces in these places. Takes `steps * pairs * 8` bytes of pinned host memory and a table
  /// of the pieces in HBM. Throws `bad_request`, `cuda_error`.
  mover(Copier& copier, const page_places& places, std::span<const piece> pieces,
        mover_settings settings = {})
      : copier_{copier},
        places_{places},
        pieces_{detail::moved_pieces(places, pieces)},
        settings_{std::move(settings)},
        ring_{copier, settings_.steps, settings_.pairs},
        engine_{copier, pieces_, settings_.staging} {
    for (const moved_piece& each : pieces_) page_bytes_ += each.bytes;
    for (const direction way : {direction::up, direction::down, direction::swap}) {
      for (const beside with : {beside::nothing, beside::decode, beside::prefill})
        row(way, with) = chosen(way, with);
    }
    auto api = copier_.api();
    const auto here = api.enter(copier_.device());
    cmm::detail::check(here.result(), preparing);
    void* got = nullptr;
    const std::size_t bytes = pieces_.size() * sizeof(moved_piece);
    cmm::detail::check(api.allocate_device(got, bytes), preparing);
    const status written = copier_.write_now(got, pieces_.data(), bytes);
    if (!written.ok()) static_cast<void>(api.free(got));
    cmm::detail::check(written, preparing);
    table_ = static_cast<moved_piece*>(got);
  }
  ~mover() {
    if (process_.forked()) {
      ring_.abandon();
      engine_.abandon();
    } else {
      ring_.wait();
      static_cast<void>(copier_.api().free(table_));
    }
  }
  mover(const mover&) = delete;
  mover& operator=(const mover&) = delete;

  /// Puts the moves of a plan into a stream. Throws `bad_request`, `cuda_error`.
  void run(const plan& what, stream on = {}, beside with = beside::nothing) {
    if (what.empty()) return;
    check_process();
    auto api = copier_.api();
    const auto here = api.enter(copier_.device());
    cmm::detail::check(here.result(), moving);
    check_capture(api, on);
    for (const auto& list : {what.up, what.down, what.swap}) detail::check_pairs(places_, list);
    if (what.step != 0 && what.step <= last_step_) {
      throw bad_request{"the plan of step " + std::to_string(what.step) + " was run, or a later one: up to " +
                        std::to_string(last_step_) + "; run each plan once, in order"};
    }
    const by_direction all{what.up, what.down, what.swap};
    const auto copied = [&](direction way) {
      return !all[static_cast<std::size_t>(way)].empty() && by(way, with).what == moved_by::mover::engine;
    };
    constexpr direction ways[] = {direction::up, direction::down, direction::swap};
    if (std::ranges::any_of(ways, copied)) check_device(on);
    step_ = what.step;

    for (const auto kind : {moved_by::mover::registers, moved_by::mover::ring}) launch(all, kind, on, with);
    for (const direction way : ways) {
      if (!copied(way)) continue;
      begun();
      engine_.move(all[static_cast<std::size_t>(way)], way, on);
    }
    count(what);
  }

  /// How pages go this way.
  [[nodiscard]] moved_by by(direction way, beside with) const noexcept {
    return rows_[static_cast<std::size_t>(way) * 3 + static_cast<std::size_t>(with)];
  }
  [[nodiscard]] mover_counts counts() const noexcept {
    mover_counts all = counts_;
    all.copies = engine_.calls();
    all.waits = ring_.waits();
    return all;
  }
  [[nodiscard]] std::size_t page_bytes() const noexcept { return page_bytes_; }

 private:
  using by_direction = std::array<std::span<const slot_pair>, 3>;
  static constexpr const char* preparing = "preparing to move pages";
  static constexpr const char* moving = "moving pages";

  moved_by& row(direction way, beside with) noexcept {
    return rows_[static_cast<std::size_t>(way) * 3 + static_cast<std::size_t>(with)];
  }
  /// By the rows, for the mean piece. A ring needs a GPU that has it and pieces that are worth a copy.
  [[nodiscard]] moved_by chosen(direction way, beside with) const {
    const std::size_t each = page_bytes_ / pieces_.size();
    const mover_row* best = best_of(settings_.rows, way, with, each);
    if (best == nullptr) best = best_of(over_pcie, way, with, each);
    moved_by how = best->by;
    if (how.what == moved_by::mover::ring && (!copier_.moves_by_ring() || each < page_moves::segment)) {
      how.what = moved_by::mover::registers;
    }
    if (how.what != moved_by::mover::engine)
      how.ctas = std::max(settings_.ctas != 0 ? settings_.ctas : how.ctas, 1U);
    return how;
  }
  /// A part of the plan is in a stream, so that it is not run again, whatever happens to the rest.
  void begun() noexcept { last_step_ = std::max(last_step_, step_); }
  void check_process() const {
    if (!process_.forked()) return;
    throw bad_request{"pages of a forked child's parent cannot be moved; make the mover after the fork"};
  }
  void check_capture(auto& api, stream on) {
    std::uint64_t capture = 0;
    cmm::detail::check(api.capture_of(on, capture), moving);
    if (capture != 0) {
      throw bad_request{
          "a plan cannot be captured, since each replay would move the same slots; run it before the graph "
          "is "
          "launched"};
    }
  }
  /// Asked before copies, and when a kernel was refused, since each question costs a step some time.
  void check_device(stream on) {
    int device = 0;
    cmm::detail::check(copier_.device_of(on, device), moving);
    if (device == copier_.device()) return;
    throw bad_request{"this mover is of device " + std::to_string(copier_.device()) +
                      " and the stream of device " + std::to_string(device) +
                      "; run the plan in a stream of the mover's device"};
  }

  /// Kernels of this kind for all lists that go by it, as many pairs at a time as there is room for.
  void launch(by_direction left, moved_by::mover kind, stream on, beside with) {
    page_kernel how{kind == moved_by::mover::ring ? page_kernel::kind::ring : page_kernel::kind::registers,
                    0};
    std::size_t pairs = 0;
    for (const direction way : {direction::up, direction::down, direction::swap}) {
      auto& list = left[static_cast<std::size_t>(way)];
      if (by(way, with).what != kind) list = {};
      if (!list.empty()) how.ctas = std::max(how.ctas, by(way, with).ctas);
      pairs += list.size();
    }
    while (pairs > 0) {
      const detail::told_pairs part = ring_.next();
      const std::span<page_pair> room = part.room;
      page_moves told{.pairs = room.data(),
                      .pieces = table_,
                      .blocks_done = part.blocks_done,
                      .done = part.done,
                      .piece_count = static_cast<std::uint32_t>(pieces_.size()),
                      .segments = segments()};
      std::size_t used = 0;
      std::uint32_t* const counts[] = {&told.up, &told.down, &told.swap};
      for (std::size_t i = 0; i < left.size(); ++i) {
        const auto some = left[i].first(std::min(left[i].size(), room.size() - used));
        left[i] = left[i].subspan(some.size());
        *counts[i] = static_cast<std::uint32_t>(some.size());
        std::ranges::copy(some, room.begin() + static_cast<std::ptrdiff_t>(used));
        used += some.size();
      }
      pairs -= used;
      const status moved = copier_.move(told, how, on);
      if (!moved.ok()) check_device(on);
      cmm::detail::check(moved, moving);
      ring_.taken();
      begun();
      ++counts_.kernels;
    }
  }
  [[nodiscard]] std::uint32_t segments() const noexcept {
    const moved_piece& last = pieces_.back();
    return static_cast<std::uint32_t>(last.first +
                                      (last.bytes + page_moves::segment - 1) / page_moves::segment);
  }
  void count(const plan& what) noexcept {
    ++counts_.plans;
    counts_.up += what.up.size();
    counts_.down += what.down.size();
    counts_.swapped += what.swap.size();
    counts_.bytes_up += (what.up.size() + what.swap.size()) * page_bytes_;
    counts_.bytes_down += (what.down.size() + what.swap.size()) * page_bytes_;
  }

  Copier& copier_;
  page_places places_;
  std::vector<moved_piece> pieces_;
  mover_settings settings_;
  std::size_t page_bytes_ = 0;
  std::array<moved_by, 9> rows_{};
  moved_piece* table_ = nullptr;
  std::uint64_t step_ = 0;
  std::uint64_t last_step_ = 0;
  mover_counts counts_{};
  cmm::detail::process_mark process_;
  detail::pair_ring<Copier> ring_;
  detail::engine_moves<Copier> engine_;
};

}  // namespace cmm::kv
