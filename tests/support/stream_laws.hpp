#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "laws.hpp"

namespace tests {

// ---- streams

/// Frees on one stream and takes on another, with room to spare: what comes twice must be ordered.
inline void a_block_is_reused_in_order_only(sim_world& world, memory& from, const traits& has) {
  if (!has.serves) return;
  const cmm::stream s = world.create_stream();
  const cmm::stream other = world.create_stream();
  for (const bool full : {false, true}) {
    for (const std::size_t bytes : {std::size_t{4096}, std::size_t{600'000}, 16_MiB}) {
      std::vector<cmm::block> used;
      if (full) {
        used = exhaust(from, 16_MiB, s);
      } else {
        for (int i = 0; i < 8; ++i) used.push_back(from.allocate(bytes, s));
      }
      for (const cmm::block& b : used) world.work(b, s);
      const cmm::sim::mark last_use = world.machine().mark_of(s);
      for (const cmm::block& b : used) from.deallocate(b, s);
      std::vector<cmm::block> taken;
      for (int i = 0; i < 12; ++i) taken.push_back(from.allocate(bytes, other));
      for (const cmm::block& b : taken) {
        for (const cmm::block& old : used) {
          if (overlap(b, old)) BOOST_CHECK(world.machine().ordered_after(last_use, other));
        }
        from.deallocate(b, other);
      }
      static_cast<void>(from.trim(other));
    }
  }
}

/// Two threads, for each of which the handle means a stream of its own, free and take in turn.
inline void keep_apart(sim_world& world, memory& from, const traits& has, cmm::stream own) {
  if (!has.serves) return;
  std::vector<cmm::block> used;
  cmm::sim::mark last_use;
  std::thread{[&] {
    for (int i = 0; i < 4; ++i) used.push_back(from.allocate(100'000, own));
    for (const cmm::block& b : used) world.work(b, own);
    {
      const auto here = world.api().enter(world.home());
      last_use = world.machine().mark_of(own);
    }
    for (const cmm::block& b : used) from.deallocate(b, own);
  }}.join();
  std::vector<cmm::block> taken;
  for (int i = 0; i < 8; ++i) taken.push_back(from.allocate(100'000, own));
  for (const cmm::block& b : taken) {
    for (const cmm::block& old : used) {
      const auto here = world.api().enter(world.home());
      if (overlap(b, old)) BOOST_CHECK(world.machine().ordered_after(last_use, own));
    }
    from.deallocate(b, own);
  }
}
inline void per_thread_default_streams_are_kept_apart(sim_world& world, memory& from, const traits& has) {
  keep_apart(world, from, has, per_thread_stream);
}
/// By the null handle, in a world where that is the stream of each thread.
inline void default_streams_of_threads_are_kept_apart(sim_world& world, memory& from, const traits& has) {
  keep_apart(world, from, has, {});
}

template <class World>
void a_block_is_reused_on_its_own_stream(World& world, memory& from, const traits& has) {
  if (!has.serves || !from.pooled()) return;
  const cmm::stream s = world.create_stream();
  const cmm::block first = from.allocate(5_MiB, s);
  from.deallocate(first, s);
  const std::size_t blocks = world.live_blocks();
  for (int i = 0; i < 10; ++i) {
    const cmm::block again = from.allocate(5_MiB, s);
    BOOST_CHECK_EQUAL(again.data, first.data);
    from.deallocate(again, s);
  }
  BOOST_CHECK_EQUAL(world.live_blocks(), blocks);
  BOOST_CHECK(from.trim(s) >= 5_MiB);
}

template <class World>
void threads_share_an_allocator(World& world, memory& from, const traits& has) {
  if (!has.serves) return;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const cmm::stream s = world.create_stream();
      for (int round = 0; round < 20; ++round) {
        cmm::block mine[4];
        for (std::size_t i = 0; i < 4; ++i) {
          mine[i] = from.allocate(1000 * (i + 1) + static_cast<std::size_t>(t), s);
          if (!mine[i]) ++wrong;
        }
        for (std::size_t i = 0; i < 4; ++i) {
          for (std::size_t j = 0; j < i; ++j) wrong += overlap(mine[i], mine[j]) ? 1 : 0;
        }
        for (const cmm::block& b : mine) from.deallocate(b, s);
      }
    });
  }
  for (std::thread& each : threads) each.join();
  BOOST_CHECK_EQUAL(wrong, 0);
}

// ---- captures

template <class World>
void a_capture_stays_whole_and_nothing_waits(World& world, memory& from, const traits& has) {
  if (!has.serves || !has.captures) return;
  const cmm::stream s = world.create_stream();
  const cmm::block before = from.allocate(1_MiB, s);
  const cmm::block large = from.allocate(20_MiB, s);
  BOOST_REQUIRE(world.begin_capture(s));
  const std::size_t waits = world.waits();
  from.deallocate(before, s);
  const cmm::block small = from.allocate(4096, s);
  const cmm::block within = from.allocate(1_MiB, s);
  BOOST_CHECK(small && within);
  world.work(within, s);
  from.deallocate(within, s);
  const cmm::block again = from.allocate(1_MiB, s);
  from.deallocate(large, s);
  BOOST_CHECK_EQUAL(from.trim(s), 0U);
  BOOST_CHECK_EQUAL(world.waits(), waits);
  BOOST_CHECK(world.end_capture(s));
  from.deallocate(small, s);
  from.deallocate(again, s);
}

template <class World>
void what_a_capture_touched_serves_nobody_else(World& world, memory& from, const traits& has) {
  if (!has.serves || !has.captures) return;
  const cmm::stream s = world.create_stream();
  const cmm::stream other = world.create_stream();
  const cmm::block before = from.allocate(1_MiB, s);
  const cmm::block bystander = from.allocate(1_MiB, other);
  BOOST_REQUIRE(world.begin_capture(s));
  const cmm::block one = from.allocate(1_MiB, s);
  const cmm::block two = from.allocate(4096, s);
  from.deallocate(before, s);
  from.deallocate(one, s);
  // Beside the capture, on another stream, work goes on.
  from.deallocate(bystander, other);
  const cmm::block outside = from.allocate(1_MiB, other);
  BOOST_CHECK(world.end_capture(s));
  const cmm::block touched[] = {before, one, two};
  std::vector<cmm::block> taken{outside};
  for (int i = 0; i < 4; ++i) {
    for (const cmm::stream each : {s, other}) {
      taken.push_back(from.allocate(1_MiB, each));
      taken.push_back(from.allocate(4096, each));
    }
  }
  for (const cmm::block& b : taken) {
    for (const cmm::block& graph : touched) BOOST_CHECK(!overlap(b, graph));
    from.deallocate(b, other);
  }
  from.deallocate(two, s);
}

template <class World>
void blocks_of_captures_serve_again_once_they_are_forgotten(World& world, memory& from, const traits& has) {
  if (!has.serves || !has.captures || !from.pooled()) return;
  const cmm::stream s = world.create_stream();
  BOOST_REQUIRE(world.begin_capture(s));
  const cmm::block one = from.allocate(5_MiB, s);
  from.deallocate(one, s);
  BOOST_CHECK(world.end_capture(s));
  world.finish(s);
  const cmm::block apart = from.allocate(5_MiB, s);
  BOOST_CHECK(!overlap(apart, one));
  from.forget_captures(s);
  const cmm::block again = from.allocate(5_MiB, s);
  BOOST_CHECK(overlap(again, one));
  from.deallocate(apart, s);
  from.deallocate(again, s);
}

/// A strict hint that a capture cannot take costs the request, and the block goes back.
template <class World>
void a_strict_hint_under_capture_is_an_error(World& world, memory& from, const traits& has) {
  if (!has.strict) return;
  const cmm::stream s = world.create_stream();
  BOOST_REQUIRE(world.begin_capture(s));
  const caught<cmm::cuda_error> error{[&] { from.allocate(4096, s); }};
  BOOST_CHECK_MESSAGE(error.says("cudaMemPrefetchAsync failed while placing a block"), error.text);
  BOOST_CHECK(world.end_capture(s));
}

/// A source that cannot serve a graph says so, or counts as full; the capture stays whole, and what is freed
/// in it is kept until the allocator ends.
template <class World>
void a_captured_stream_is_refused_and_stays_whole(World& world, memory& from, const traits& has) {
  if (has.captures || has.strict || !has.serves) return;
  const cmm::stream s = world.create_stream();
  const cmm::block before = from.allocate(2_MiB, s);
  BOOST_REQUIRE(world.begin_capture(s));
  cmm::block within;
  const caught<cmm::cuda_error> error{[&] { within = from.allocate(40_MiB, s); }};
  BOOST_CHECK(!within);
  BOOST_CHECK(error.code == cmm::errc::success ||
              error.says("cannot run while the stream is being captured"));
  from.deallocate(before, s);
  BOOST_CHECK(world.end_capture(s));
}

// ---- devices

template <class World>
void devices_are_kept_apart(World& world, memory& from, const traits& has) {
  if (world.devices() < 2 || !has.serves) return;
  const cmm::stream streams[] = {world.create_stream(0), world.create_stream(1)};
  std::vector<cmm::block> blocks[2];
  for (const int round : {0, 1}) {
    for (const int device : {0, 1}) {
      const auto of = static_cast<std::size_t>(device);
      for (int i = 0; i < 4; ++i) {
        blocks[of].push_back(from.allocate({.bytes = 100'000, .stream = streams[of], .device = device}));
        BOOST_CHECK(blocks[of].back());
        BOOST_CHECK_EQUAL(blocks[of].back().device, device);
      }
    }
    for (const cmm::block& a : blocks[0]) {
      for (const cmm::block& b : blocks[1]) BOOST_CHECK(!overlap(a, b));
    }
    if (round == 1) break;
    std::vector<cmm::block> freed = blocks[0];
    give_back(from, blocks[0], streams[0]);
    world.finish(streams[0]);
    blocks[1].push_back(from.allocate({.bytes = 100'000, .stream = streams[1], .device = 1}));
    if (from.pooled()) {
      for (const cmm::block& old : freed) BOOST_CHECK(!overlap(blocks[1].back(), old));
    }
  }
  // Freed by a thread whose current device is another one.
  std::thread{[&] { give_back(from, blocks[1], streams[1]); }}.join();
  give_back(from, blocks[0], streams[0]);
}

// ---- fork

/// What the child says about the parent's allocator: an error for a request, silence when all of it ends.
template <class World>
std::string use_after_fork(std::unique_ptr<memory>& from, const cmm::block& live) {
  const caught<cmm::cuda_error> error{[&] { from->allocate(4096, {}); }};
  if (error.code != cmm::errc::not_initialized ||
      !error.says("in a forked child, build the allocator after the fork"))
    return "a request in the child: " + error.text;
  from->deallocate(live, {});
  from.reset();
  return "";
}

template <class World>
void a_forked_child_gets_a_clear_error_and_frees_nothing(
    const std::vector<configuration<World>>& configurations) {
  for (const configuration<World>& each : configurations) {
    if (!each.has.serves) continue;
    BOOST_TEST_CONTEXT(each.name) {
      World world{*each.machine};
      auto from = built(each, world);
      const cmm::block live = from->allocate(100'000, {});
      const cmm::block cached = from->allocate(100'000, {});
      from->deallocate(cached, {});
      int said[2];
      BOOST_REQUIRE_EQUAL(pipe(said), 0);
      const pid_t child = fork();
      if (child == 0) {
        dup2(said[1], STDERR_FILENO);
        const std::string wrong = use_after_fork<World>(from, live);
        static_cast<void>(!write(said[1], wrong.data(), wrong.size()));
        _exit(0);
      }
      close(said[1]);
      std::string heard;
      char buffer[512];
      for (ssize_t n = 0; (n = read(said[0], buffer, sizeof buffer)) > 0;)
        heard.append(buffer, static_cast<std::size_t>(n));
      close(said[0]);
      int status = 0;
      waitpid(child, &status, 0);
      BOOST_CHECK_EQUAL(heard, "");
      BOOST_CHECK_EQUAL(status, 0);
      from->deallocate(live, {});
      from.reset();
      check_all_returned(world);
    }
  }
}

}  // namespace tests
