#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmm/kv/mover.hpp>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace tests {

/// How many pages of a plan go which way.
struct moved_counts {
  int up = 0;
  int down = 0;
  int swap = 0;

  [[nodiscard]] int all() const noexcept { return up + down + swap; }
};

/// Memory of a GPU and of the host with different content in every word, and plain copies of both, on which
/// the moves of a plan are made one after another. A world gives memory, writes and reads it, and has a
/// copier.
template <class World>
class moved_memory {
 public:
  moved_memory(World& world, std::vector<cmm::kv::piece> pieces, std::int32_t slots)
      : world_{world}, pieces_{std::move(pieces)}, slots_{slots} {
    std::size_t bytes = 0;
    for (const auto& each : pieces_) {
      bytes = std::max(bytes, each.offset + static_cast<std::size_t>(slots - 1) * each.stride + each.bytes);
    }
    std::uint32_t word = 0;
    for (auto* plain : {&fast_, &beyond_}) {
      plain->resize(bytes / sizeof word);
      for (auto& each : *plain) each = ++word * 2654435761U;
    }
    real_fast_ = world.take_fast(bytes);
    real_beyond_ = world.take_beyond(bytes);
    world.put(real_fast_, fast_.data(), bytes);
    world.put(real_beyond_, beyond_.data(), bytes);
  }
  ~moved_memory() {
    world_.give_fast(real_fast_);
    world_.give_beyond(real_beyond_);
  }
  moved_memory(const moved_memory&) = delete;
  moved_memory& operator=(const moved_memory&) = delete;

  [[nodiscard]] cmm::kv::page_places places() const {
    return {{real_fast_, 0, slots_}, {real_beyond_, 0, slots_}};
  }
  [[nodiscard]] const std::vector<cmm::kv::piece>& pieces() const noexcept { return pieces_; }

  /// Pairs of slots of which each is named at most once.
  std::vector<cmm::kv::slot_pair> draw(int count) {
    std::vector<std::int32_t> fast(static_cast<std::size_t>(slots_));
    for (std::int32_t i = 0; i < slots_; ++i) fast[static_cast<std::size_t>(i)] = i;
    std::vector<std::int32_t> beyond = fast;
    std::shuffle(fast.begin(), fast.end(), random_);
    std::shuffle(beyond.begin(), beyond.end(), random_);
    std::vector<cmm::kv::slot_pair> pairs;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) pairs.push_back({fast[i], beyond[i]});
    return pairs;
  }
  /// Runs a random plan on the real memory and on the plain one.
  void run(cmm::kv::mover<typename World::copier_type>& mover, moved_counts counts, cmm::stream on,
           cmm::kv::beside with = cmm::kv::beside::nothing) {
    pairs_ = draw(counts.all());
    const std::span all{pairs_};
    const cmm::kv::plan plan{
        .up = all.first(static_cast<std::size_t>(counts.up)),
        .down = all.subspan(static_cast<std::size_t>(counts.up), static_cast<std::size_t>(counts.down)),
        .swap = all.last(static_cast<std::size_t>(counts.swap))};
    mover.run(plan, on, with);
    for (const auto& pair : plan.up) each_word(pair, [](auto& fast, auto& beyond) { fast = beyond; });
    for (const auto& pair : plan.down) each_word(pair, [](auto& fast, auto& beyond) { beyond = fast; });
    for (const auto& pair : plan.swap)
      each_word(pair, [](auto& fast, auto& beyond) { std::swap(fast, beyond); });
  }
  /// Every word of both memories, those between the pages too.
  [[nodiscard]] bool as_expected() { return same(real_fast_, fast_) && same(real_beyond_, beyond_); }

 private:
  void each_word(cmm::kv::slot_pair pair, auto body) {
    for (const auto& each : pieces_) {
      const auto at = [&](std::int32_t slot) {
        return (each.offset + static_cast<std::size_t>(slot) * each.stride) / sizeof(std::uint32_t);
      };
      for (std::size_t i = 0; i < each.bytes / sizeof(std::uint32_t); ++i) {
        body(fast_[at(pair.fast) + i], beyond_[at(pair.beyond) + i]);
      }
    }
  }
  bool same(const char* real, const std::vector<std::uint32_t>& plain) {
    std::vector<std::uint32_t> seen(plain.size());
    world_.get(seen.data(), real, seen.size() * sizeof(std::uint32_t));
    return std::memcmp(seen.data(), plain.data(), seen.size() * sizeof(std::uint32_t)) == 0;
  }

  World& world_;
  std::vector<cmm::kv::piece> pieces_;
  std::int32_t slots_;
  std::vector<std::uint32_t> fast_;
  std::vector<std::uint32_t> beyond_;
  char* real_fast_ = nullptr;
  char* real_beyond_ = nullptr;
  std::vector<cmm::kv::slot_pair> pairs_;
  std::minstd_rand random_;
};

/// `count` pieces of this size, each with an area of its own, and 16 bytes between the pages.
inline std::vector<cmm::kv::piece> pieces_apart(std::size_t count, std::size_t bytes, std::int32_t slots) {
  std::vector<cmm::kv::piece> pieces;
  const std::size_t stride = bytes + 16;
  for (std::size_t i = 0; i < count; ++i) {
    pieces.push_back({i * stride * static_cast<std::size_t>(slots), stride, bytes});
  }
  return pieces;
}

/// A mover that goes one way only, whatever the rows of another say.
inline cmm::kv::mover_settings always(cmm::kv::moved_by how) {
  cmm::kv::mover_settings settings;
  settings.rows.clear();
  for (const auto way : {cmm::kv::direction::up, cmm::kv::direction::down, cmm::kv::direction::swap}) {
    settings.rows.push_back({way, cmm::kv::beside::nothing, 0, how});
  }
  return settings;
}

template <class World>
void pages_go_where_the_plan_says(World& world, cmm::kv::moved_by how, std::size_t count, std::size_t bytes) {
  const std::int32_t slots =
      static_cast<std::int32_t>(std::clamp<std::size_t>((8 << 20) / (count * bytes), 6, 3000));
  moved_memory memory{world, pieces_apart(count, bytes, slots), slots};
  cmm::kv::mover mover{world.copier(), memory.places(), std::span<const cmm::kv::piece>{memory.pieces()},
                       always(how)};
  for (const moved_counts each : {moved_counts{1, 0, 0},
                                  {0, 1, 0},
                                  {0, 0, 1},
                                  {slots, 0, 0},
                                  {0, slots, 0},
                                  {0, 0, slots},
                                  {slots / 3, slots / 4, slots / 5}}) {
    memory.run(mover, each, world.stream());
    world.finish();
    BOOST_TEST(memory.as_expected(), "kind " << static_cast<int>(how.what) << ", " << how.ctas << " ctas, "
                                             << count << " pieces of " << bytes << " bytes, " << slots
                                             << " slots: " << each.up << " up, " << each.down << " down, "
                                             << each.swap << " swapped");
  }
}

/// Plans follow each other in a stream; more pages than a kernel is told of at once, more kernels than there
/// are parts of the ring.
template <class World>
void plans_follow_each_other(World& world, cmm::kv::moved_by how) {
  constexpr std::int32_t slots = 500;
  moved_memory memory{world, pieces_apart(2, 4096 + 16, slots), slots};
  cmm::kv::mover_settings settings = always(how);
  settings.steps = 2;
  settings.pairs = 64;
  settings.staging = 70 * 2 * (4096 + 16);
  cmm::kv::mover mover{world.copier(), memory.places(), std::span<const cmm::kv::piece>{memory.pieces()},
                       settings};
  for (int i = 0; i < 20; ++i) memory.run(mover, {50 + i, 60, 70}, world.stream());
  world.finish();
  BOOST_TEST(memory.as_expected(), "kind " << static_cast<int>(how.what));
}

}  // namespace tests
