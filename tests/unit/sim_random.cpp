#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "cmm/core/units.hpp"
#include "cmm/sim/api.hpp"
#include "cmm/sim/profiles.hpp"

BOOST_AUTO_TEST_SUITE(sim_random)

namespace {

using namespace cmm;
using namespace cmm::literals;
using sim::access;

/// Random calls of one thread on a machine small enough to be full most of the time; ends with all freed.
class player {
 public:
  player(sim::machine& on, unsigned seed) : api_{on}, stream_{on.create_stream()}, random_{seed} {
    good_ = api_.create_pool(pool_, {pool_properties::kind::pinned, location::device(0)}).ok();
  }

  /// True if every free succeeded.
  bool play(int rounds) {
    for (int i = 0; i < rounds; ++i) step();
    while (!live_.empty()) drop(live_.size() - 1);
    good_ = api_.destroy_pool(pool_).ok() && good_;
    api_.machine().destroy_stream(stream_);
    return good_;
  }

 private:
  struct owned {
    void* data;
    std::size_t bytes;
    unsigned kind;
  };

  void step() {
    if (live_.empty() || random_() % 4 == 0) return take();
    const std::size_t at = random_() % live_.size();
    const owned& block = live_[at];
    const access how = random_() % 2 == 0 ? access::read : access::write;
    const location where = random_() % 2 == 0 ? location::device(0) : location::host();
    switch (random_() % 6) {
      case 0: return drop(at);
      case 1: static_cast<void>(api_.prefetch(block.data, block.bytes, where, stream_)); break;
      case 2:
        static_cast<void>(
            api_.advise(block.data, block.bytes, advice{static_cast<unsigned char>(random_() % 3)}, where));
        break;
      case 3: static_cast<void>(api_.machine().cpu_touch(block.data, block.bytes, how)); break;
      case 4: static_cast<void>(api_.synchronize(stream_)); break;
      default: static_cast<void>(api_.machine().gpu_touch(block.data, block.bytes, how, 0, stream_));
    }
  }
  void take() {
    owned block{nullptr, (1 + random_() % 64) * 100'000, static_cast<unsigned>(random_() % 4)};
    switch (block.kind) {
      case 0: static_cast<void>(api_.allocate_device(block.data, block.bytes)); break;
      case 1: static_cast<void>(api_.allocate_system(block.data, block.bytes)); break;
      case 2: static_cast<void>(api_.allocate_from_pool(block.data, block.bytes, pool_, stream_)); break;
      default: static_cast<void>(api_.allocate_managed(block.data, block.bytes));
    }
    if (block.data != nullptr) live_.push_back(block);
  }
  void drop(std::size_t at) {
    const owned block = live_[at];
    live_[at] = live_.back();
    live_.pop_back();
    const status freed = block.kind == 1   ? api_.free_system(block.data, block.bytes)
                         : block.kind == 2 ? api_.free_to_pool(block.data, stream_)
                                           : api_.free(block.data);
    good_ = good_ && freed.ok();
  }

  sim::api api_;
  stream stream_;
  std::mt19937 random_;
  pool_handle pool_{};
  std::vector<owned> live_;
  bool good_ = true;
};

sim::profile small(sim::profile of) {
  of.hbm.capacity = {48.0 * 1024 * 1024, "assumed"};
  of.host.capacity = {96.0 * 1024 * 1024, "assumed"};
  return of;
}

void is_empty(sim::machine& machine) {
  sim::api api{machine};
  for (const location where : {location::device(0), location::host()}) {
    std::size_t free = 0;
    std::size_t total = 0;
    BOOST_REQUIRE(api.memory_info(where, free, total).ok());
    BOOST_CHECK_EQUAL(free, total);
  }
  BOOST_CHECK_EQUAL(machine.live_blocks(), 0U);
  BOOST_CHECK_EQUAL(machine.misuses(), 0U);
}

}  // namespace

BOOST_AUTO_TEST_CASE(whatever_was_done_freeing_all_gives_every_byte_back) {
  for (const sim::profile* each : {&sim::h200_pcie, &sim::gh200_480, &sim::gb10}) {
    sim::machine machine{small(*each), sim::backing::none};
    BOOST_CHECK(player(machine, 7).play(20'000));
    BOOST_CHECK_GT(machine.counters().cpu_faults, 0U);
    is_empty(machine);
  }
}

BOOST_AUTO_TEST_CASE(the_same_calls_take_the_same_virtual_time) {
  sim::machine first{small(sim::h200_pcie)};
  sim::machine second{small(sim::h200_pcie), sim::backing::none};
  BOOST_CHECK(player(first, 3).play(5'000));
  BOOST_CHECK(player(second, 3).play(5'000));
  BOOST_CHECK_EQUAL(first.now(), second.now());
  BOOST_CHECK(first.counters() == second.counters());
}

BOOST_AUTO_TEST_CASE(threads_share_a_machine) {
  sim::machine machine{small(sim::gh200_480), sim::backing::none};
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] { good += player(machine, seed).play(5'000) ? 1 : 0; });
  }
  for (std::thread& each : threads) each.join();
  BOOST_CHECK_EQUAL(good, 4);
  is_empty(machine);
}

BOOST_AUTO_TEST_SUITE_END()
