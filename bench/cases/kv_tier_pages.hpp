#pragma once

#include <algorithm>
#include <cmm/kv/mover.hpp>
#include <cmm/source/tiered_range.hpp>
#include <memory>
#include <numeric>
#include <optional>
#include <random>

#include "../measure/format.hpp"
#include "../measure/suite.hpp"

namespace cmm::bench::kv_tier {

/// How the memories of rows are had: two allocations, or one range of memory handles.
enum class memory_kind : std::uint8_t { two_blocks, one_range };

/// The two memories of all rows: memory of the host takes seconds to make. They go with the last row.
template <workload Workload>
class memories {
 public:
  memories(suite<Workload>& s, range_size bytes, memory_kind kind = memory_kind::two_blocks)
      : suite_{s}, bytes_{bytes}, kind_{kind} {}

  void join() noexcept { ++rows_; }
  void leave() {
    if (--rows_ > 0) return;
    fast_.reset();
    beyond_.reset();
    range_.reset();
  }
  /// Slots of one size in both.
  kv::page_places places(std::size_t page) {
    const auto slots = [&](std::size_t bytes) { return static_cast<std::int32_t>(bytes / page); };
    if (kind_ == memory_kind::one_range) {
      return kv::page_places::of_range(whole_range(), slots(bytes_.fast), slots(bytes_.fast + bytes_.beyond));
    }
    if (!fast_) fast_.emplace(source_, bytes_.fast, suite_.work().stream());
    if (!beyond_) beyond_.emplace(suite_.work(), bytes_.beyond);
    return {{fast_->data(), 0, slots(bytes_.fast)}, {beyond_->data(), 0, slots(bytes_.beyond)}};
  }

 private:
  using api_type = typename suite<Workload>::api_type;
  using memory = decltype(build(device{}, std::declval<api_type>()));

  std::byte* whole_range() {
    if (!range_) {
      require(suite_, attribute::mapped_host_memory,
              "a range of both memories needs handles on a host NUMA node, which this machine does not have");
      const std::vector<memory_area> areas{{0, bytes_.fast, location::device()},
                                           {bytes_.fast, bytes_.beyond, location::nearest_numa()}};
      range_.emplace(suite_.api(), areas, range_settings{.device = suite_.work().device()});
    }
    return range_->data();
  }

  suite<Workload>& suite_;
  range_size bytes_;
  memory_kind kind_;
  memory source_ = build(device{}, suite_.api());
  std::optional<held<memory>> fast_;
  std::optional<pinned_buffer<Workload>> beyond_;
  std::optional<tiered_range<api_type>> range_;
  int rows_ = 0;
};

/// What the rows of this family do: pages of one size, one way, by one mover.
struct task {
  kv::direction way = kv::direction::up;
  kv::moved_by by{};
  std::size_t page = 0;
  std::size_t bytes = 0;  ///< moved by one sample, each way
};

constexpr const char* name_of(kv::direction way) {
  constexpr const char* names[] = {"up", "down", "swap"};
  return names[static_cast<std::size_t>(way)];
}
constexpr const char* name_of(kv::moved_by::mover what) {
  constexpr const char* names[] = {"registers", "ring", "engine"};
  return names[static_cast<std::size_t>(what)];
}

/// Pages that lie anywhere in both memories, drawn anew for each sample, and the mover of this row.
template <workload Workload>
class pages {
 public:
  using copier = std::remove_reference_t<decltype(std::declval<Workload&>().copier())>;

  pages(suite<Workload>& s, memories<Workload>& in, const task& what)
      : what_{what},
        places_{in.places(what.page)},
        piece_{0, what.page, what.page},
        mover_{s.work().copier(), places_, {&piece_, 1}, settings_of(what)} {
    order(fast_, places_.fast);
    order(beyond_, places_.beyond);
    pairs_.resize(what.bytes / what.page);
  }

  void draw() {
    draw(fast_);
    draw(beyond_);
    for (std::size_t i = 0; i < pairs_.size(); ++i) pairs_[i] = {fast_[i], beyond_[i]};
  }
  void move(stream on) {
    kv::plan plan;
    (what_.way == kv::direction::up     ? plan.up
     : what_.way == kv::direction::down ? plan.down
                                        : plan.swap) = pairs_;
    mover_.run(plan, on);
  }

 private:
  static kv::mover_settings settings_of(const task& what) {
    kv::mover_settings settings;
    settings.rows = {{what.way, kv::beside::nothing, 0, what.by}};
    return settings;
  }
  static void order(std::vector<std::int32_t>& slots, const kv::half& of) {
    slots.resize(static_cast<std::size_t>(of.end - of.begin));
    std::iota(slots.begin(), slots.end(), of.begin);
  }
  /// As many in random order at the front as the plan has pairs.
  void draw(std::vector<std::int32_t>& slots) {
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      std::swap(slots[i], slots[i + random_() % (slots.size() - i)]);
    }
  }

  task what_;
  kv::page_places places_;
  kv::piece piece_;
  kv::mover<copier> mover_;
  std::vector<std::int32_t> fast_;
  std::vector<std::int32_t> beyond_;
  std::vector<kv::slot_pair> pairs_;
  std::minstd_rand random_;  // the same pages in every run
};

/// What the link gives a kernel that does nothing else; a copy engine may be faster than that, and is held
/// against the faster of the two.
template <workload Workload>
bound limit_of(suite<Workload>& s, const task& what) {
  const bool engine = what.by.what == kv::moved_by::mover::engine;
  switch (what.way) {
    case kv::direction::up: return engine ? s.limits().h2d(what.bytes) : s.limits().kernel_read(what.bytes);
    case kv::direction::down:
      return engine ? s.limits().d2h(what.bytes) : s.limits().kernel_write(what.bytes);
    case kv::direction::swap: return s.limits().kernel_exchange(what.bytes);
  }
  return {};
}

/// Throws `skipped` where the GPU does not have this mover.
template <workload Workload>
void require_mover(suite<Workload>& s, const task& what) {
  if (what.by.what == kv::moved_by::mover::ring && !s.work().copier().moves_by_ring()) {
    throw skipped{"bulk copies need a GPU of compute capability 9.0 or newer"};
  }
}

}  // namespace cmm::bench::kv_tier
