#include <boost/test/unit_test.hpp>
#include <cmm/bridge/pmr.hpp>
#include <cmm/bridge/std_allocator.hpp>
#include <cmm/cmm.hpp>
#include <cmm/core/managed_budget.hpp>
#include <cmm/layer/trace_file.hpp>
#include <cmm/sim.hpp>
#include <cmm/torch/adapter.hpp>
#include <cmm/torch/on_sim.hpp>
#include <memory_resource>
#include <vector>

#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(other_device)

namespace {

using namespace cmm;
using namespace cmm::literals;

constexpr auto with_nodes(sim::profile machine) {
  machine.numa_nodes = 2;
  return machine;
}
constexpr sim::profile two_nodes = with_nodes(tests::two_h200);
constexpr sim::profile two_nodes_egm = with_nodes(tests::two_gh200_egm);

/// Tries a law on each of two devices, `home`, while the other one is current.
template <class Law>
void on_each_with_the_other_current(const sim::profile& on, Law law) {
  for (const int home : {0, 1}) {
    sim::machine machine{on};
    machine.set_device(1 - home);
    BOOST_TEST_CONTEXT("device " << home) { law(machine, home); }
    BOOST_CHECK_EQUAL(machine.misuses(), 0U);
  }
}

/// Makes something with another device current.
auto with_current(sim::machine& machine, int device, auto&& make) {
  const auto here = sim::api{machine}.enter(device);
  return make();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_block_counts_for_its_device_whichever_is_current) {
  on_each_with_the_other_current(two_nodes, [](sim::machine& machine, int home) {
    auto memory = build(managed{} | stats{}, sim::api{machine});
    const auto live = [&](int device) { return memory.get<stats>().on(device).live_bytes; };
    const block named = memory.allocate({.bytes = 1_MiB, .device = home});
    const block current = memory.allocate(2_MiB);
    BOOST_CHECK_EQUAL(current.device, 1 - home);
    BOOST_CHECK(live(home) == 1_MiB && live(1 - home) == 2_MiB);
    machine.set_device(home);
    memory.deallocate(current);
    BOOST_CHECK(live(home) == 1_MiB && live(1 - home) == 0);
    memory.deallocate(named);
    BOOST_CHECK_EQUAL(memory.get<stats>().all().live_bytes, 0U);
  });
}

BOOST_AUTO_TEST_CASE(one_budget_of_managed_memory_holds_for_both_devices) {
  on_each_with_the_other_current(two_nodes, [](sim::machine& machine, int home) {
    managed_budget budget{8_MiB};
    auto memory = build(managed{}, capped<sim::api>{sim::api{machine}, budget});
    auto pooled = build(managed_pool{}, capped<sim::api>{sim::api{machine}, budget});
    const block first = memory.allocate({.bytes = 4_MiB, .device = home});
    const block second = pooled.allocate({.bytes = 4_MiB, .device = home});
    BOOST_CHECK(first && second && !memory.allocate(4096) && !pooled.allocate(4096));
    pooled.deallocate(second);
    BOOST_CHECK_EQUAL(budget.used(), 4_MiB);
    memory.deallocate(memory.allocate(4_MiB));
    memory.deallocate(first);
    BOOST_CHECK_EQUAL(budget.used(), 0U);
  });
}

BOOST_AUTO_TEST_CASE(each_device_has_a_driver_pool_of_its_own) {
  on_each_with_the_other_current(two_nodes, [](sim::machine& machine, int home) {
    auto memory = build(managed_pool{}, sim::api{machine});
    const block first = memory.allocate({.bytes = 4_MiB, .device = home});
    BOOST_CHECK_EQUAL(machine.live_pools(), 1U);
    memory.deallocate(first);
    const block other = memory.allocate(4_MiB);
    BOOST_CHECK_EQUAL(machine.live_pools(), 2U);
    BOOST_CHECK_NE(other.data, first.data);
    const block again = memory.allocate({.bytes = 4_MiB, .device = home});
    BOOST_CHECK_EQUAL(again.data, first.data);
    memory.deallocate(other);
    memory.deallocate(again);
  });
}

BOOST_AUTO_TEST_CASE(containers_keep_the_device_on_which_they_were_made) {
  on_each_with_the_other_current(two_nodes, [](sim::machine& machine, int home) {
    auto memory = build(managed{} | pool{} | stats{}, sim::api{machine});
    const auto live = [&](int device) { return memory.get<stats>().on(device).live_bytes; };
    {
      auto place = with_current(machine, home, [&] { return std_allocator<int, decltype(memory)>{memory}; });
      std::vector<int, decltype(place)> numbers{place};
      numbers.assign(100, 7);
      BOOST_CHECK_EQUAL(live(home), 400U);
      const std_allocator<int, decltype(memory)> elsewhere{memory};
      BOOST_CHECK(elsewhere.device() == 1 - home && elsewhere != place);
    }
    {
      auto resource = with_current(machine, home,
                                   [&] { return std::make_unique<pmr_resource<decltype(memory)>>(memory); });
      std::pmr::vector<int> numbers(100, 7, resource.get());
      BOOST_CHECK_EQUAL(live(home), 400U);
      BOOST_CHECK_EQUAL(live(1 - home), 0U);
    }
    BOOST_CHECK_EQUAL(live(home), 0U);
  });
}

BOOST_AUTO_TEST_CASE(egm_numa_takes_the_node_nearest_to_the_device_of_the_block) {
  for (const sim::profile* on : {&two_nodes, &two_nodes_egm}) {
    on_each_with_the_other_current(*on, [](sim::machine& machine, int home) {
      auto memory = build(managed{} | egm_numa{}, sim::api{machine});
      const stream s = machine.create_stream(home);
      const block b = memory.allocate({.bytes = 4_MiB, .stream = s, .device = home});
      {
        const auto here = sim::api{machine}.enter(home);
        BOOST_REQUIRE(machine.gpu_touch(b.data, b.bytes, sim::access::write, 0, s).ok());
      }
      BOOST_CHECK_EQUAL(machine.resident(b.data, b.bytes, location::host_numa(home)), b.bytes);
      memory.deallocate(b, s);
    });
  }
}

BOOST_AUTO_TEST_CASE(a_library_of_torch_counts_and_traces_by_device) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("cmm-other-device-" + std::to_string(::getpid()));
  on_each_with_the_other_current(two_nodes, [&](sim::machine& machine, int home) {
    torch::environment wanted;
    wanted.trace = path.string();
    torch::adapter library{torch::on_sim{machine}, managed{} | pool{}, wanted};
    void* const there = library.allocate(4_MiB, home, nullptr);
    void* const here = library.allocate(2_MiB, 1 - home, nullptr);
    BOOST_CHECK_EQUAL(library.usage(home).live_bytes, 4_MiB);
    BOOST_CHECK_EQUAL(library.usage(1 - home).live_bytes, 2_MiB);
    library.free(there, 4_MiB, home, nullptr);
    BOOST_CHECK_EQUAL(library.usage(home).live_bytes, 0U);
    library.free(here, 2_MiB, 1 - home, nullptr);
    library.save_trace();
    const auto log = load_trace(path);
    BOOST_REQUIRE_EQUAL(log.size(), 4U);
    BOOST_CHECK(log[0].device == home && log[1].device == 1 - home && log[2].device == home);
    BOOST_CHECK(log[0].stream == 0 && log[1].stream == 1 && log[2].stream == 0 && log[3].stream == 1);
  });
  std::filesystem::remove(path);
}

BOOST_AUTO_TEST_SUITE_END()
