#pragma once

#include <boost/test/unit_test.hpp>
#include <exception>
#include <string>
#include <vector>

#include "configurations.hpp"

namespace tests {

inline bool overlap(const cmm::block& a, const cmm::block& b) {
  const auto* const a_begin = static_cast<const char*>(a.data);
  const auto* const b_begin = static_cast<const char*>(b.data);
  return a && b && a_begin < b_begin + b.bytes && b_begin < a_begin + a.bytes;
}

/// Checks that everything went back; asked when an allocator has ended.
template <class World>
void check_all_returned(World& world) {
  BOOST_CHECK_EQUAL(world.live_blocks(), 0U);
  BOOST_CHECK_EQUAL(world.live_pools(), 0U);
  BOOST_CHECK_EQUAL(world.live_events(), 0U);
  BOOST_CHECK_EQUAL(world.misuse(), "");
}

/// The allocator of a configuration, whose requests go to the last device while the first is current.
template <class World>
std::unique_ptr<memory> built(const configuration<World>& each, World& world,
                              naming how = naming::by_number) {
  auto made = each.build(world);
  made->serve(world.home(), how);
  return made;
}

/// Runs a law on fresh machines for each configuration, and then asks whether everything went back. `Made` is
/// a kind of that world.
template <class World, class Made = World, class Law>
void over(const std::vector<configuration<World>>& configurations, Law law) {
  for (const configuration<World>& each : configurations) {
    for (const naming how : {naming::by_number, naming::by_current}) {
      BOOST_TEST_CONTEXT(
          each.name << (how == naming::by_number ? ", device named" : ", device made current")) {
        Made world{*each.machine};
        try {
          const auto memory = built<World>(each, world, how);
          law(world, *memory, each.has);
        } catch (const std::exception& error) {
          BOOST_ERROR("the law was left by an exception: " + std::string{error.what()});
        }
        check_all_returned(world);
      }
    }
  }
}

/// The exception that a call throws, or a note that it threw none.
template <class Exception>
struct caught {
  std::string text = "nothing was thrown";
  cmm::errc code = cmm::errc::success;
  std::string call{};

  explicit caught(auto&& body) {
    try {
      body();
    } catch (const Exception& error) {
      text = error.what();
      if constexpr (std::same_as<Exception, cmm::cuda_error>) {
        code = error.code();
        call = error.call();
      }
    }
  }
  [[nodiscard]] bool says(const std::string& part) const { return text.find(part) != std::string::npos; }
};

/// Takes blocks until there are none.
inline std::vector<cmm::block> exhaust(memory& from, std::size_t bytes, cmm::stream s) {
  constexpr std::size_t more_than_there_is = 10'000;
  std::vector<cmm::block> blocks;
  while (blocks.size() < more_than_there_is) {
    const cmm::block b = from.allocate(bytes, s);
    if (!b) break;
    blocks.push_back(b);
  }
  return blocks;
}

inline void give_back(memory& to, std::vector<cmm::block>& blocks, cmm::stream s) {
  for (const cmm::block& b : blocks) to.deallocate(b, s);
  blocks.clear();
}

// ---- blocks

template <class World>
void blocks_do_not_overlap(World& world, memory& from, const traits& has) {
  if (!has.serves) return;
  const cmm::stream streams[] = {world.create_stream(), world.create_stream()};
  std::vector<cmm::block> live;
  std::size_t sizes[] = {1, 256, 511, 4096, 100'000, 1_MiB, 1_MiB + 1, 3_MiB};
  for (int round = 0; round < 3; ++round) {
    for (const std::size_t bytes : sizes) {
      const cmm::block fresh = from.allocate(bytes, streams[round % 2]);
      BOOST_CHECK(fresh && fresh.bytes == bytes && fresh.device == world.home());
      for (const cmm::block& other : live) BOOST_CHECK(!overlap(fresh, other));
      live.push_back(fresh);
    }
    for (std::size_t i = 0; i < live.size(); i += 2) {
      from.deallocate(live[i], streams[round % 2]);
      live[i] = {};
    }
    std::erase(live, cmm::block{});
  }
  give_back(from, live, streams[0]);
}

template <class World>
void blocks_are_aligned(World& world, memory& from, const traits& has) {
  if (!has.serves) return;
  const cmm::stream s = world.create_stream();
  std::vector<cmm::block> live;
  for (std::size_t alignment = 1; alignment <= cmm::guaranteed_alignment; alignment *= 2) {
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{777}, std::size_t{2'000'001}}) {
      live.push_back(from.allocate({.bytes = bytes, .stream = s, .alignment = alignment}));
      BOOST_CHECK_EQUAL(reinterpret_cast<std::uintptr_t>(live.back().data) % alignment, 0U);
    }
  }
  give_back(from, live, s);
}

template <class World>
void blocks_hold_what_is_written(World& world, memory& from, const traits& has) {
  if (!has.serves || !has.host) return;
  const cmm::stream s = world.create_stream();
  std::vector<cmm::block> live;
  for (unsigned i = 0; i < 12; ++i) {
    const std::size_t bytes = std::size_t{1000} << i;
    live.push_back(from.allocate(bytes, s));
    BOOST_REQUIRE(live.back());
    world.finish(s);
    std::fill_n(static_cast<unsigned char*>(live.back().data), bytes, static_cast<unsigned char>(i));
  }
  for (unsigned i = 0; i < live.size(); ++i) {
    const auto* const bytes = static_cast<const unsigned char*>(live[i].data);
    BOOST_CHECK(std::all_of(bytes, bytes + live[i].bytes, [i](unsigned char c) { return c == i; }));
  }
  give_back(from, live, s);
}

template <class World>
void an_empty_block_is_ignored_when_freed(World&, memory& from, const traits&) {
  from.deallocate({}, {});
  from.deallocate({nullptr, 5, 0}, {});
}

// ---- exhaustion and budgets

/// On real hardware only what counts as managed, which the world keeps small.
template <class World>
bool can_exhaust(const memory& from, const traits& has) {
  return World::simulated || has.managed || from.budget();
}

template <class World>
void exhaustion_is_an_empty_block_and_frees_end_it(World& world, memory& from, const traits& has) {
  if (!can_exhaust<World>(from, has)) return;
  const cmm::stream s = world.create_stream();
  auto blocks = exhaust(from, 16_MiB, s);
  BOOST_CHECK_EQUAL(blocks.empty(), !has.serves);
  BOOST_CHECK(blocks.size() < 200);
  BOOST_CHECK(!from.allocate(16_MiB, s));
  if (blocks.empty()) return;
  const std::size_t most = blocks.size();
  from.deallocate(blocks.back(), s);
  blocks.back() = from.allocate(16_MiB, s);
  BOOST_CHECK(blocks.back());
  give_back(from, blocks, s);
  blocks = exhaust(from, 16_MiB, s);
  BOOST_CHECK_EQUAL(blocks.size(), most);
  give_back(from, blocks, s);
  const cmm::block other_size = from.allocate(20_MiB, s);
  BOOST_CHECK(other_size);
  from.deallocate(other_size, s);
}

template <class World>
void frees_of_one_stream_end_the_exhaustion_of_another(World& world, memory& from, const traits& has) {
  if (!has.serves || !can_exhaust<World>(from, has)) return;
  const cmm::stream s = world.create_stream();
  const cmm::stream other = world.create_stream();
  auto blocks = exhaust(from, 16_MiB, s);
  for (const cmm::block& b : blocks) world.work(b, s);
  give_back(from, blocks, s);
  const cmm::block same = from.allocate(16_MiB, other);
  const cmm::block larger = from.allocate(24_MiB, other);
  BOOST_CHECK(same && larger);
  from.deallocate(same, other);
  from.deallocate(larger, other);
}

template <class World>
void a_budget_is_exact(World& world, memory& from, const traits&) {
  if (!from.budget()) return;
  const cmm::stream s = world.create_stream();
  if (from.budget_used() != 0) return;
  const cmm::block probe = from.allocate(1, s);
  const bool outermost = from.budget_used() == 1;  // else it counts the segments of a pool
  from.deallocate(probe, s);
  if (!outermost) return;
  std::vector<cmm::block> blocks{from.allocate(*from.budget() - 1, s)};
  BOOST_CHECK(blocks[0]);
  BOOST_CHECK(!from.allocate(2, s));
  BOOST_CHECK_EQUAL(from.budget_used(), *from.budget() - 1);
  blocks.push_back(from.allocate(1, s));
  BOOST_CHECK(blocks[1]);
  BOOST_CHECK(!from.allocate(1, s));
  give_back(from, blocks, s);
  BOOST_CHECK_EQUAL(from.budget_used(), 0U);
  BOOST_CHECK(!from.allocate(*from.budget() + 1, s));
  BOOST_CHECK_EQUAL(from.budget_used(), 0U);
}

template <class World>
void counts_are_those_of_the_caller(World& world, memory& from, const traits& has) {
  if (!from.counted() || !has.serves) return;
  const cmm::stream s = world.create_stream();
  const cmm::block a = from.allocate(1000, s);
  const cmm::block b = from.allocate(3_MiB, s);
  from.deallocate(a, s);
  const cmm::usage seen = *from.counted();
  BOOST_CHECK_EQUAL(seen.live_bytes, 3_MiB);
  BOOST_CHECK_EQUAL(seen.live_blocks, 1U);
  BOOST_CHECK_EQUAL(seen.peak_bytes, 3_MiB + 1000);
  BOOST_CHECK_EQUAL(seen.allocations, 2U);
  BOOST_CHECK_EQUAL(seen.failed, 0U);
  from.deallocate(b, s);
}

// ---- bad input

template <class World>
void a_bad_request_is_refused_in_a_sentence_and_changes_nothing(World& world, memory& from, const traits&) {
  const cmm::stream s = world.create_stream();
  const std::size_t blocks = world.live_blocks();
  const auto refused = [&](cmm::request r, const char* sentence) {
    r.stream = s;
    const caught<cmm::bad_request> error{[&] { from.allocate(r); }};
    BOOST_CHECK_MESSAGE(error.says(sentence), error.text);
  };
  refused({.bytes = 0}, "a block of 0 bytes was asked for; ask for at least 1");
  refused({.bytes = cmm::no_limit}, "check the size for overflow");
  refused({.bytes = cmm::no_limit / 2 + 1}, "check the size for overflow");
  refused({.bytes = 1, .alignment = 3}, "an alignment of 3 was asked for; it must be a power of two");
  refused({.bytes = 1, .alignment = 512}, "an alignment of 512 was asked for");
  refused({.bytes = 1, .alignment = 0}, "an alignment of 0 was asked for");
  BOOST_CHECK_EQUAL(world.live_blocks(), blocks);
  BOOST_CHECK_EQUAL(from.budget_used(), 0U);
  if (from.counted()) BOOST_CHECK_EQUAL(from.counted()->live_blocks, 0U);
}

template <class World>
void more_than_all_memories_hold_is_refused(World& world, memory& from, const traits&) {
  const caught<cmm::bad_request> error{[&] { from.allocate(4_GiB, world.create_stream()); }};
  BOOST_CHECK_MESSAGE(
      error.says("a block of 4 GiB was asked for, but all memories of this machine together hold 3 GiB"),
      error.text);
  BOOST_CHECK_EQUAL(world.live_blocks(), 0U);
  BOOST_CHECK_EQUAL(from.budget_used(), 0U);
}

template <class World>
void an_unknown_device_is_an_error_that_names_the_call(World& world, memory& from, const traits& has) {
  const int unknown = 99;
  const caught<cmm::cuda_error> error{[&] { from.allocate({.bytes = 4096, .device = unknown}); }};
  BOOST_CHECK_MESSAGE(error.says("cudaSetDevice failed while"), error.text);
  BOOST_CHECK(error.code == cmm::errc::invalid_device);
  BOOST_CHECK_EQUAL(world.live_blocks(), 0U);
  BOOST_CHECK_EQUAL(from.budget_used(), 0U);
  if (!has.serves) return;
  const cmm::block good = from.allocate(4096, {});
  BOOST_CHECK(good);
  from.deallocate(good, {});
}

}  // namespace tests
