#include <algorithm>
#include <atomic>
#include <barrier>
#include <boost/test/unit_test.hpp>
#include <random>
#include <thread>

#include "model.hpp"
#include "settings.hpp"
#include "support/memory.hpp"
#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(model)

namespace {

using namespace cmm;
using tests::operations;
using tests::seed;
using tests::sim_world;

constexpr int threads = 4;
constexpr int devices = 2;
constexpr std::uint64_t rounds = 50;  ///< quiet points, at which allocator and model are compared

/// Four threads over shared streams against a model. A complaint ends the run.
class race {
 public:
  race(sim_world& world, tests::memory& subject, std::uint64_t count, bool captures)
      : world_{world}, subject_{subject}, per_round_{count / (threads * rounds)}, captures_{captures} {
    for (int i = 0; i < streams_each * devices; ++i)
      streams_[i % devices].push_back(world.create_stream(i % devices));
  }

  std::string run() {
    std::vector<std::thread> all;
    for (unsigned id = 0; id < threads; ++id) all.emplace_back([this, id] { work(id); });
    for (std::thread& each : all) each.join();
    return complaint_;
  }

 private:
  struct held {
    block what;
    stream taken_in;
  };

  struct worker {
    std::mt19937_64 random;
    std::vector<held> mine{};
    stream captured{};  ///< a stream of this thread alone, for captures
    int device = 0;
    bool capturing = false;

    std::uint64_t below(std::uint64_t most) { return random() % most; }
  };

  void complain(const std::string& text) {
    const std::scoped_lock lock{complaining_};
    if (complaint_.empty()) complaint_ = text;
    stop_ = true;
  }

  void work(unsigned id) {
    worker self{std::mt19937_64{seed() * 1000 + id}};
    self.device = static_cast<int>(id % devices);
    self.captured = world_.create_stream(self.device);
    world_.machine().set_device(self.device);
    for (std::uint64_t round = 0; round < rounds; ++round) {
      try {
        for (std::uint64_t i = 0; i < per_round_ && !stop_; ++i) operate(self);
        end_capture(self);
        world_.finish(stream::per_thread());
      } catch (const std::exception& error) {
        complain(error.what());
      }
      quiet_.arrive_and_wait();
      if (id == 0) compare();
      quiet_.arrive_and_wait();
    }
    for (const held& each : self.mine) give(each.what, stream_for(self, each));
    quiet_.arrive_and_wait();
    if (id == 0) compare();
  }

  void operate(worker& self) {
    const std::uint64_t what = self.below(1000);
    if (what < 450) return allocate(self);
    if (what < 900) return free(self);
    const int device = any_device(self);
    const stream s = any_stream(self, device);
    if (what < 960) {
      static_cast<void>(world_.machine().gpu_compute(5000, s));
    } else if (what < 980) {
      cross(s, any_stream(self, device));
    } else if (what < 990) {
      world_.finish(s);
    } else if (what < 994) {
      subject_.trim(s);
    } else if (self.capturing) {
      end_capture(self);
    } else if (captures_) {
      self.capturing = world_.begin_capture(self.captured);
    }
  }

  void allocate(worker& self) {
    const int device = self.capturing && self.below(2) == 0 ? self.device : any_device(self);
    const bool captured = self.capturing && device == self.device && self.below(2) == 0;
    const request r{.bytes = 1 + (self.random() >> (41 + self.below(23))),
                    .stream = captured ? self.captured : any_stream(self, device),
                    .device = device,
                    .alignment = std::size_t{1} << self.below(9)};
    const block b = self.below(3) == 0 ? allocate_on_current(self, r) : subject_.allocate(r);
    if (!b) {  // full: make room
      for (int i = 0; i < 8; ++i) free(self);
      return;
    }
    const std::string wrong = model_.took(b, r);
    if (!wrong.empty()) return complain(wrong);
    self.mine.push_back({b, r.stream});
  }

  /// The same request with no device in it, while its device is the current one.
  block allocate_on_current(const worker& self, request r) {
    world_.machine().set_device(std::exchange(r.device, current_device));
    const block b = subject_.allocate(r);
    world_.machine().set_device(self.device);
    return b;
  }

  void free(worker& self) {
    if (self.mine.empty()) return;
    const std::uint64_t index = self.below(self.mine.size());
    const held chosen = self.mine[index];
    self.mine[index] = self.mine.back();
    self.mine.pop_back();
    // Mostly in the stream it was taken in, else in another one that waits for it.
    stream s = stream_for(self, chosen);
    if (s != self.captured && self.below(4) == 0) {
      const stream other = any_stream(self, chosen.what.device);
      cross(s, other);
      s = other;
    }
    give(chosen.what, s);
  }

  void give(const block& b, stream s) {
    model_.gives(b, s);
    subject_.deallocate(b, s);
  }

  /// Orders one stream after another, as a program does that hands memory over.
  void cross(stream earlier, stream later) {
    auto api = world_.api();
    event e;
    if (!api.create_event(e).ok()) return complain("no event");
    if (!api.record(e, earlier).ok() || !api.wait(later, e).ok()) complain("an event did not work");
    static_cast<void>(api.destroy_event(e));
  }

  void end_capture(worker& self) {
    if (!std::exchange(self.capturing, false)) return;
    if (!world_.end_capture(self.captured)) complain("a capture was broken");
    world_.finish(self.captured);
  }

  int any_device(worker& self) { return self.below(4) == 0 ? 1 - self.device : self.device; }
  /// The stream a block was taken in, or another one where that is captured no longer or gone.
  stream stream_for(worker& self, const held& of) {
    const stream s = of.taken_in;
    if (s == self.captured ? self.capturing : s == stream::per_thread()) return s;
    const auto& all = streams_[of.what.device];
    return std::find(all.begin(), all.end(), s) != all.end() ? s : any_stream(self, of.what.device);
  }
  stream any_stream(worker& self, int device) {
    if (device == self.device && self.below(8) == 0) return stream::per_thread();
    const auto& all = streams_[device];
    return all[self.below(all.size())];
  }

  /// No thread works: the counts are those of the model, and the graphs of all captures are gone.
  void compare() {
    if (stop_) return;
    const auto usage = subject_.counted();
    if (usage && usage->live_blocks != model_.live_blocks())
      complain("stats count other blocks than the model");
    if (usage && usage->live_bytes != model_.live_bytes()) complain("stats count other bytes than the model");
    for (int device = 0; device < devices; ++device) {
      if (usage && subject_.counted_on(device).live_bytes != model_.live_bytes(device))
        complain("stats count other bytes of a device than the model");
      for (const stream s : streams_[device]) world_.finish(s);
      subject_.forget_captures_of(device, streams_[device][0]);
      for (stream& s : streams_[device]) {  // streams come and go
        world_.machine().destroy_stream(s);
        s = world_.create_stream(device);
      }
    }
    if (subject_.budget() && subject_.budget_used() != model_.live_bytes())
      complain("the budget is not exact");
    if (!world_.misuse().empty()) complain(world_.misuse());
  }

  static constexpr int streams_each = 3;

  sim_world& world_;
  tests::memory& subject_;
  tests::model model_{world_.machine()};
  std::uint64_t per_round_;
  bool captures_;
  std::vector<stream> streams_[devices];
  std::barrier<> quiet_{threads};
  std::atomic<bool> stop_ = false;
  std::mutex complaining_;
  std::string complaint_;
};

constexpr int stacks = 4;

template <class Recipe>
void agree(const Recipe& recipe, bool captures = true) {
  sim_world world{tests::two_h200, sim::backing::none};
  {
    tests::memory_of<sim::api, Recipe> subject{world.api(), recipe};
    const std::string complaint = race{world, subject, operations() / stacks, captures}.run();
    BOOST_CHECK_MESSAGE(complaint.empty(),
                        complaint << "; again with --seed=" << seed() << " on " << recipe.text());
  }
  BOOST_CHECK_EQUAL(world.live_blocks(), 0U);
  BOOST_CHECK_EQUAL(world.live_pools(), 0U);
  BOOST_CHECK_EQUAL(world.live_events(), 0U);
  BOOST_CHECK_EQUAL(world.misuse(), "");
}

}  // namespace

using namespace cmm::literals;

BOOST_AUTO_TEST_CASE(a_pool_over_managed_memory_agrees_with_a_map) {
  BOOST_TEST_MESSAGE("seed " << seed());
  std::printf("model: %llu operations, --seed=%llu\n", static_cast<unsigned long long>(operations()),
              static_cast<unsigned long long>(seed()));
  agree(managed{} | threshold_prefetch{} | pool{} | limit{512_MiB} | stats{} | trace{.events = 1000});
}
BOOST_AUTO_TEST_CASE(a_pool_that_keeps_little_agrees_with_a_map) {
  constexpr bool captures = false;  // a driver's pool refuses them
  agree(managed_pool{} | pool{.segment = 2_MiB, .keep = 8_MiB} | stats{} | locked{}, captures);
}
BOOST_AUTO_TEST_CASE(a_pool_over_a_spill_agrees_with_a_map) {
  agree(managed{} | prefer{location::host()} | accessed_by{location::device()} |
        spill{device_pool{}, {.budget = 64_MiB}} | pool{} | stats{});
}
BOOST_AUTO_TEST_CASE(a_spill_over_two_pools_agrees_with_a_map) {
  agree(managed{} | advise_only{} | pool{.keep = 32_MiB} | spill{device_pool{} | pool{}, {.budget = 24_MiB}} |
        limit{256_MiB} | stats{});
}

BOOST_AUTO_TEST_SUITE_END()
