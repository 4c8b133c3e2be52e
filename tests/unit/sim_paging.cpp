#include <boost/test/unit_test.hpp>

#include "cmm/core/units.hpp"
#include "cmm/sim/api.hpp"
#include "cmm/sim/profiles.hpp"

BOOST_AUTO_TEST_SUITE(sim_paging)

namespace {

using namespace cmm;
using namespace cmm::literals;
using sim::access;

constexpr location gpu = location::device(0);
constexpr location node = location::host_numa(0);

/// A small machine: 64 MiB of HBM and 256 MiB of host memory, else the given profile.
sim::profile small(sim::profile of) {
  of.hbm.capacity = {64.0 * 1024 * 1024, "assumed"};
  of.host.capacity = {256.0 * 1024 * 1024, "assumed"};
  return of;
}

struct world {
  explicit world(const sim::profile& profile = small(sim::h200_pcie)) : machine{profile} {}

  void* managed(std::size_t bytes) {
    void* p = nullptr;
    BOOST_REQUIRE(api.allocate_managed(p, bytes).ok());
    return p;
  }
  status gpu_touch(void* p, std::size_t bytes, access how = access::write) {
    return machine.gpu_touch(p, bytes, how);
  }
  status cpu_touch(void* p, std::size_t bytes, access how = access::write) {
    return machine.cpu_touch(p, bytes, how);
  }

  sim::machine machine;
  sim::api api{machine};
};
struct coherent : world {
  coherent() : world{small(sim::gh200_480)} {}
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(pages_live_nowhere_until_touched_and_then_where_they_were_touched, world) {
  char* const p = static_cast<char*>(managed(8_MiB));
  BOOST_CHECK_EQUAL(machine.resident(p, 8_MiB, location::none()), 8_MiB);
  BOOST_REQUIRE(gpu_touch(p, 2_MiB).ok());
  BOOST_REQUIRE(cpu_touch(p + 2_MiB, 2_MiB).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 8_MiB, gpu), 2_MiB);
  BOOST_CHECK_EQUAL(machine.resident(p, 8_MiB, node), 2_MiB);
  BOOST_CHECK_EQUAL(machine.resident(p, 8_MiB, location::none()), 4_MiB);
}

BOOST_FIXTURE_TEST_CASE(pages_follow_whoever_touches_them, world) {
  void* const p = managed(4_MiB);
  BOOST_REQUIRE(cpu_touch(p, 4_MiB).ok());
  BOOST_REQUIRE(gpu_touch(p, 4_MiB).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 4_MiB, gpu), 4_MiB);
  BOOST_CHECK_EQUAL(machine.counters().bytes_to_device, 4_MiB);
  BOOST_REQUIRE(cpu_touch(p, 4_MiB, access::read).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 4_MiB, node), 4_MiB);
  BOOST_CHECK_EQUAL(machine.counters().bytes_to_host, 4_MiB);
}

BOOST_FIXTURE_TEST_CASE(a_sparse_fault_brings_64_KiB_and_a_dense_one_the_page, world) {
  void* const p = managed(2_MiB);
  BOOST_REQUIRE(gpu_touch(p, 4_KiB).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 2_MiB, gpu), 64_KiB);
  BOOST_REQUIRE(gpu_touch(p, 1_MiB + 64_KiB).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 2_MiB, gpu), 2_MiB);
}

BOOST_FIXTURE_TEST_CASE(preferred_location_and_accessed_by_keep_pages_on_the_host, world) {
  void* const p = managed(4_MiB);
  BOOST_REQUIRE(api.advise(p, 4_MiB, advice::preferred_location, location::host()).ok());
  BOOST_REQUIRE(gpu_touch(p, 4_MiB).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 4_MiB, node), 4_MiB);
  void* const q = managed(4_MiB);
  BOOST_REQUIRE(api.advise(q, 4_MiB, advice::accessed_by, gpu).ok());
  BOOST_REQUIRE(cpu_touch(q, 4_MiB).ok());
  const auto faults = machine.counters().gpu_faults;
  BOOST_REQUIRE(gpu_touch(q, 4_MiB, access::read).ok());
  BOOST_CHECK_EQUAL(machine.resident(q, 4_MiB, node), 4_MiB);
  BOOST_CHECK_EQUAL(machine.counters().gpu_faults, faults);
  BOOST_CHECK_EQUAL(machine.counters().bytes_remote, 8_MiB);
}

BOOST_FIXTURE_TEST_CASE(read_mostly_pages_are_copied_until_written, world) {
  void* const p = managed(2_MiB);
  BOOST_REQUIRE(cpu_touch(p, 2_MiB).ok());
  BOOST_REQUIRE(api.advise(p, 2_MiB, advice::read_mostly, {}).ok());
  BOOST_REQUIRE(gpu_touch(p, 2_MiB, access::read).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 2_MiB, gpu), 2_MiB);
  BOOST_CHECK_EQUAL(machine.resident(p, 2_MiB, node), 2_MiB);
  BOOST_REQUIRE(gpu_touch(p, 2_MiB, access::write).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 2_MiB, node), 0U);
  BOOST_REQUIRE(cpu_touch(p, 2_MiB, access::write).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 2_MiB, gpu), 0U);
}

BOOST_FIXTURE_TEST_CASE(prefetch_moves_both_ways, world) {
  void* const p = managed(4_MiB);
  BOOST_REQUIRE(api.prefetch(p, 4_MiB, gpu, {}).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 4_MiB, gpu), 4_MiB);
  BOOST_REQUIRE(api.prefetch(p, 4_MiB, node, {}).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 4_MiB, node), 4_MiB);
  BOOST_CHECK_EQUAL(machine.live_bytes(gpu), 0U);
}

BOOST_FIXTURE_TEST_CASE(a_full_device_evicts_the_pages_used_longest_ago, world) {
  void* const old = managed(32_MiB);
  void* const young = managed(32_MiB);
  BOOST_REQUIRE(gpu_touch(young, 32_MiB).ok());
  BOOST_REQUIRE(gpu_touch(old, 32_MiB).ok());
  BOOST_REQUIRE(gpu_touch(young, 32_MiB).ok());
  void* const next = managed(32_MiB);
  BOOST_REQUIRE(gpu_touch(next, 32_MiB).ok());
  BOOST_CHECK_EQUAL(machine.resident(old, 32_MiB, node), 32_MiB);
  BOOST_CHECK_EQUAL(machine.resident(young, 32_MiB, gpu), 32_MiB);
  BOOST_CHECK_EQUAL(machine.counters().bytes_evicted, 32_MiB);
}

BOOST_FIXTURE_TEST_CASE(device_memory_evicts_managed_pages_and_is_never_evicted, world) {
  void* const p = managed(64_MiB);
  BOOST_REQUIRE(gpu_touch(p, 64_MiB).ok());
  void* q = nullptr;
  BOOST_REQUIRE(api.allocate_device(q, 64_MiB).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 64_MiB, node), 64_MiB);
  BOOST_CHECK(gpu_touch(p, 64_MiB).out_of_memory());
  BOOST_CHECK(api.prefetch(p, 64_MiB, gpu, {}).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 64_MiB, node), 64_MiB);
}

BOOST_FIXTURE_TEST_CASE(evicted_pages_come_back_over_pcie_and_stay_remote_on_a_coherent_link, world) {
  const auto faults_after_eviction = [](world& w) {
    void* const p = w.managed(128_MiB);
    BOOST_REQUIRE(w.gpu_touch(p, 128_MiB).ok());
    const auto moved = w.machine.counters().bytes_to_device;
    BOOST_REQUIRE(w.gpu_touch(p, 64_MiB).ok());
    return w.machine.counters().bytes_to_device - moved;
  };
  coherent gh200;
  BOOST_CHECK_EQUAL(faults_after_eviction(*this), 64_MiB);
  BOOST_CHECK_EQUAL(faults_after_eviction(gh200), 0U);
}

BOOST_FIXTURE_TEST_CASE(malloc_memory_faults_on_pcie, world) {
  void* p = nullptr;
  BOOST_REQUIRE(api.allocate_system(p, 2_MiB).ok());
  BOOST_CHECK(gpu_touch(p, 2_MiB).code == errc::illegal_address);
  BOOST_CHECK(cpu_touch(p, 2_MiB).ok());
}

BOOST_FIXTURE_TEST_CASE(malloc_memory_is_read_in_place_on_a_coherent_link, coherent) {
  void* p = nullptr;
  BOOST_REQUIRE(api.allocate_system(p, 2_MiB).ok());
  BOOST_REQUIRE(cpu_touch(p, 2_MiB).ok());
  BOOST_CHECK(gpu_touch(p, 2_MiB).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 2_MiB, node), 2_MiB);
  BOOST_CHECK_EQUAL(machine.counters().gpu_faults, 0U);
  BOOST_CHECK(api.prefetch(p, 2_MiB, gpu, {}).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 2_MiB, gpu), 2_MiB);
}

BOOST_FIXTURE_TEST_CASE(device_memory_is_not_for_the_cpu_and_stray_addresses_for_no_one, world) {
  void* p = nullptr;
  BOOST_REQUIRE(api.allocate_device(p, 2_MiB).ok());
  BOOST_CHECK(cpu_touch(p, 2_MiB).code == errc::illegal_address);
  BOOST_CHECK(gpu_touch(p, 2_MiB).ok());
  BOOST_REQUIRE(api.free(p).ok());
  BOOST_CHECK(gpu_touch(p, 2_MiB).code == errc::illegal_address);
}

BOOST_AUTO_TEST_CASE(advice_that_the_driver_ignores_costs_what_a_question_does) {
  const auto cost = [](const sim::profile& of, location where) {
    world one{small(of)};
    void* const p = one.managed(1_MiB);
    const std::int64_t begin = one.machine.now();
    BOOST_REQUIRE(one.api.advise(p, 1_MiB, advice::preferred_location, where).ok());
    return static_cast<double>(one.machine.now() - begin);
  };
  BOOST_CHECK_EQUAL(cost(sim::h200_pcie, location::host()), sim::h200_pcie.calls.advise.value);
  BOOST_CHECK_EQUAL(cost(sim::h200_pcie, node), sim::h200_pcie.calls.ask.value);
  BOOST_CHECK_EQUAL(cost(sim::gh200_480, node), sim::gh200_480.calls.advise.value);
}

BOOST_AUTO_TEST_CASE(a_page_follows_from_one_device_to_another) {
  sim::profile two = small(sim::h200_pcie);
  two.devices = 2;
  world w{two};
  void* const p = w.managed(2_MiB);
  BOOST_REQUIRE(w.machine.gpu_touch(p, 2_MiB, access::write, 0, w.machine.create_stream(0)).ok());
  BOOST_REQUIRE(w.machine.gpu_touch(p, 2_MiB, access::read, 0, w.machine.create_stream(1)).ok());
  BOOST_CHECK_EQUAL(w.machine.resident(p, 2_MiB, location::device(1)), 2_MiB);
  BOOST_CHECK_EQUAL(w.machine.live_bytes(location::device(0)), 0U);
}

BOOST_AUTO_TEST_CASE(a_prefetch_moves_pages_between_numa_nodes) {
  sim::profile two = small(sim::gh200_480);
  two.numa_nodes = 2;
  world w{two};
  void* const p = w.managed(4_MiB);
  BOOST_REQUIRE(w.cpu_touch(p, 4_MiB).ok());
  BOOST_REQUIRE(w.api.prefetch(p, 4_MiB, location::host_numa(1), {}).ok());
  BOOST_CHECK_EQUAL(w.machine.resident(p, 4_MiB, location::host_numa(1)), 4_MiB);
  BOOST_CHECK_EQUAL(w.machine.live_bytes(location::host()), 4_MiB);
}

BOOST_AUTO_TEST_CASE(a_unified_machine_has_one_memory) {
  world w{small(sim::gb10)};
  void* const p = w.managed(4_MiB);
  BOOST_REQUIRE(w.gpu_touch(p, 4_MiB).ok());
  BOOST_REQUIRE(w.cpu_touch(p, 4_MiB).ok());
  BOOST_CHECK_EQUAL(w.machine.counters().bytes_to_host, 0U);
  std::size_t on_gpu = 0;
  std::size_t on_host = 0;
  std::size_t total = 0;
  BOOST_REQUIRE(w.api.memory_info(gpu, on_gpu, total).ok());
  BOOST_REQUIRE(w.api.memory_info(location::host(), on_host, total).ok());
  BOOST_CHECK_EQUAL(on_gpu, on_host);
  BOOST_CHECK_EQUAL(on_gpu, total - 4_MiB);
}

BOOST_AUTO_TEST_SUITE_END()
