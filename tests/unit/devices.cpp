#include <boost/test/unit_test.hpp>
#include <cmm/bridge/unique.hpp>
#include <cmm/cmm.hpp>
#include <cmm/platform/reachable.hpp>
#include <cmm/sim.hpp>
#include <cmm/torch/adapter.hpp>
#include <cmm/torch/on_sim.hpp>

#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(devices)

namespace {

using namespace cmm;
using namespace cmm::literals;

/// Two GPUs, of which the first is current.
struct two_gpus {
  sim::machine machine{tests::two_h200};
  sim::api api{machine};
  stream streams[2] = {machine.create_stream(0), machine.create_stream(1)};

  /// Leaves the memory of a GPU with no more than this.
  void fill_but(int device, std::size_t left) {
    const auto here = api.enter(device);
    std::size_t free = 0;
    std::size_t total = 0;
    void* taken = nullptr;
    BOOST_REQUIRE(api.memory_info(location::device(device), free, total).ok());
    BOOST_REQUIRE(api.allocate_device(taken, free - left).ok());
  }
};

/// A pool with a parked block of each GPU, which a capture there took and gave back.
void park_on_both(two_gpus& world, auto&& take_and_give) {
  for (const int device : {0, 1}) {
    BOOST_REQUIRE(world.machine.begin_capture(world.streams[device]).ok());
    take_and_give(device);
    BOOST_REQUIRE(world.machine.end_capture(world.streams[device]).ok());
  }
}

platform::gpu numbered(int ordinal) {
  platform::gpu made;
  made.ordinal = ordinal;
  return made;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_prefetch_goes_to_the_device_of_its_block, two_gpus) {
  auto memory = build(managed{} | prefetch{}, api);
  for (const int device : {1, 0}) {
    const block b = memory.allocate({.bytes = 4_MiB, .stream = streams[device], .device = device});
    BOOST_CHECK_EQUAL(machine.resident(b.data, b.bytes, location::device(device)), b.bytes);
    memory.deallocate(b, streams[device]);
  }
}

BOOST_FIXTURE_TEST_CASE(the_headroom_of_a_spill_is_that_of_the_device_asked, two_gpus) {
  auto memory = build(managed{} | spill{device{}, {.headroom = 100_MiB}}, api);
  fill_but(0, 50_MiB);
  const block fast = memory.allocate({.bytes = 8_MiB, .stream = streams[1], .device = 1});
  BOOST_CHECK_EQUAL(memory.get<spill<device>>().fast_bytes(), 8_MiB);
  const block slow = memory.allocate({.bytes = 8_MiB, .stream = streams[0], .device = 0});
  BOOST_CHECK_EQUAL(memory.get<spill<device>>().fast_bytes(), 8_MiB);
  memory.deallocate(fast, streams[1]);
  memory.deallocate(slow, streams[0]);
  fill_but(1, 50_MiB);
  memory.deallocate(memory.allocate({.bytes = 8_MiB, .stream = streams[1], .device = 1}), streams[1]);
  const block full = memory.allocate({.bytes = 8_MiB, .stream = streams[1], .device = 1});
  BOOST_CHECK_EQUAL(memory.get<spill<device>>().fast_bytes(), 0U);
  memory.deallocate(full, streams[1]);
}

BOOST_FIXTURE_TEST_CASE(forgetting_captures_leaves_those_of_another_device, two_gpus) {
  auto memory = build(managed{} | pool{}, api);
  park_on_both(*this, [&](int device) {
    const block b = memory.allocate({.bytes = 4_MiB, .stream = streams[device], .device = device});
    memory.deallocate(b, streams[device]);
  });
  BOOST_CHECK_EQUAL(memory.get<pool>().parked_bytes(), 8_MiB);
  memory.get<pool>().forget_captures(streams[0]);
  BOOST_CHECK_EQUAL(memory.get<pool>().parked_bytes(), 4_MiB);
  const auto here = api.enter(1);
  memory.get<pool>().forget_captures(streams[1]);
  BOOST_CHECK_EQUAL(memory.get<pool>().parked_bytes(), 0U);
}

BOOST_FIXTURE_TEST_CASE(a_released_graph_pool_leaves_that_of_another_device, two_gpus) {
  for (const int released : {0, 1}) {
    torch::adapter library{torch::on_sim{machine}, managed{} | pool{}, torch::environment{}};
    const cmm_torch_mempool_id id{0, 1};
    const auto native = [&](int device) { return static_cast<CUstream_st*>(streams[device].native()); };
    for (const int device : {0, 1}) library.begin_pool(device, id, [](CUstream_st*) { return true; });
    park_on_both(*this, [&](int device) {
      library.free(library.allocate(4_MiB, device, native(device)), 4_MiB, device, native(device));
    });
    for (const int device : {0, 1}) library.end_pool(device, id);
    BOOST_CHECK_EQUAL(library.usage(-1).parked_bytes, 8_MiB);
    library.release_pool(released, id);
    BOOST_CHECK_EQUAL(library.usage(-1).parked_bytes, 4_MiB);
    library.release_pool(1 - released, id);
    BOOST_CHECK_EQUAL(library.usage(-1).parked_bytes, 0U);
  }
}

BOOST_FIXTURE_TEST_CASE(a_unique_array_is_freed_on_its_device, two_gpus) {
  auto memory = build(managed{} | stats{}, api);
  {
    auto [array, there] = [&] {
      const auto here = api.enter(1);
      return std::pair{make_unique<float[]>(memory, 1000, streams[1]), memory.get<stats>().on(1).live_bytes};
    }();
    BOOST_CHECK_EQUAL(there, 4000U);
  }
  BOOST_CHECK_EQUAL(memory.get<stats>().on(1).live_bytes, 0U);
  BOOST_CHECK_EQUAL(memory.get<stats>().on(0).live_bytes, 0U);
}

BOOST_AUTO_TEST_CASE(a_source_reaches_the_host_if_any_gpu_can) {
  using platform::certainty;
  for (const int able : {0, 1}) {
    platform::description known;
    for (const int ordinal : {0, 1}) {
      const bool can = ordinal == able;
      platform::gpu made = numbered(ordinal);
      made.concurrent_managed = made.managed_pools =
          made.host_numa_pools = {can, certainty::reported, "a test"};
      made.addressing = {std::string{can ? "HMM" : "none"}, certainty::reported, "a test"};
      if (can) made.nearest_node = {0, certainty::reported, "a test"};
      known.gpus.push_back(made);
    }
    known.tiers.push_back({.what = platform::tier::kind::host});
    known.tiers[0].bytes = {std::uint64_t{1_GiB}, certainty::reported, "a test"};
    platform::find_reachable(known);
    for (const platform::reach& each : known.reachable) {
      if (each.source == "device") continue;
      BOOST_TEST_CONTEXT(each.source << ", GPU " << able << " can") {
        BOOST_CHECK_EQUAL(each.bytes.value_or(0), 1_GiB);
      }
    }
  }
}

BOOST_FIXTURE_TEST_CASE(emptying_the_cache_frees_recorded_blocks_of_every_device, two_gpus) {
  torch::adapter library{torch::on_sim{machine}, managed{} | pool{}, torch::environment{}};
  for (const int device : {0, 1}) {
    const stream other = machine.create_stream(device);
    auto* const own = static_cast<CUstream_st*>(streams[device].native());
    void* const data = library.allocate(4_MiB, device, own);
    library.record_stream(data, static_cast<CUstream_st*>(other.native()));
    static_cast<void>(machine.gpu_compute(1e9, other));
    library.free(data, 4_MiB, device, own);
  }
  library.empty_cache();
  BOOST_CHECK_EQUAL(library.usage(-1).reserved_bytes, 0U);
}

BOOST_FIXTURE_TEST_CASE(the_peak_of_a_pool_is_a_maximum, two_gpus) {
  auto memory = build(managed{} | pool{}, api);
  memory.deallocate(memory.allocate(40_MiB, streams[0]), streams[0]);
  const std::size_t most = memory.get<pool>().peak_reserved_bytes();
  BOOST_CHECK_EQUAL(most, memory.get<pool>().reserved_bytes());
  memory.get<pool>().trim(streams[0]);
  memory.deallocate(memory.allocate(4_MiB, streams[0]), streams[0]);
  BOOST_CHECK_LT(memory.get<pool>().reserved_bytes(), most);
  BOOST_CHECK_EQUAL(memory.get<pool>().peak_reserved_bytes(), most);
}

BOOST_AUTO_TEST_SUITE_END()
