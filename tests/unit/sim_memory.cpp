#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <string_view>

#include "cmm/core/units.hpp"
#include "cmm/sim/api.hpp"
#include "cmm/sim/profiles.hpp"

BOOST_AUTO_TEST_SUITE(sim_memory)

static_assert(cmm::api<cmm::sim::api>);

namespace {

using namespace cmm;
using namespace cmm::literals;
using sim::access;

struct world {
  sim::machine machine{sim::h200_pcie};
  sim::api api{machine};
  void* p = nullptr;
};

bool is(status got, errc code, std::string_view call) { return got.code == code && call == got.call; }

}  // namespace

BOOST_FIXTURE_TEST_CASE(memory_can_be_written_and_starts_at_a_page, world) {
  BOOST_REQUIRE(api.allocate_managed(p, 5_MiB).ok());
  BOOST_CHECK_EQUAL(reinterpret_cast<std::uintptr_t>(p) % sim::page_bytes, 0U);
  std::memset(p, 1, 5_MiB);
  BOOST_CHECK(api.free(p).ok());
}

BOOST_AUTO_TEST_CASE(addresses_without_memory_are_never_used_again) {
  sim::machine machine{sim::gh200_480, sim::backing::none};
  sim::api api{machine};
  std::set<void*> seen;
  for (int i = 0; i < 100; ++i) {
    void* p = nullptr;
    BOOST_REQUIRE(api.allocate_managed(p, 50_GiB).ok());
    BOOST_CHECK(seen.insert(p).second);
    BOOST_CHECK(api.free(p).ok());
  }
}

BOOST_FIXTURE_TEST_CASE(a_second_free_is_an_invalid_value_and_a_misuse, world) {
  BOOST_REQUIRE(api.allocate_device(p, 1_MiB).ok());
  BOOST_CHECK(api.free(p).ok());
  BOOST_CHECK(is(api.free(p), errc::invalid_value, "cudaFree"));
  BOOST_CHECK_EQUAL(machine.misuses(), 1U);
  BOOST_CHECK(machine.last_misuse().find("cudaFree") != std::string::npos);
  BOOST_CHECK(api.free(nullptr).ok());
}

BOOST_FIXTURE_TEST_CASE(a_free_by_the_wrong_call_is_a_misuse, world) {
  BOOST_REQUIRE(api.allocate_system(p, 1_MiB).ok());
  BOOST_CHECK(is(api.free(p), errc::invalid_value, "cudaFree"));
  BOOST_CHECK(is(api.free_system(p, 2_MiB), errc::invalid_value, "munmap"));
  BOOST_CHECK(api.free_system(p, 1_MiB).ok());
  BOOST_CHECK_EQUAL(machine.misuses(), 2U);
}

BOOST_FIXTURE_TEST_CASE(live_figures_return_to_zero, world) {
  void* q = nullptr;
  BOOST_REQUIRE(api.allocate_managed(p, 3_MiB).ok());
  BOOST_REQUIRE(api.allocate_device(q, 1000).ok());
  BOOST_CHECK_EQUAL(machine.live_blocks(), 2U);
  BOOST_CHECK_EQUAL(machine.live_managed_bytes(), 3_MiB);
  BOOST_CHECK_EQUAL(machine.live_bytes(location::device(0)), 1000U);
  BOOST_CHECK_EQUAL(machine.live_bytes(location::none()), 3_MiB);
  BOOST_CHECK(api.free(p).ok() && api.free(q).ok());
  BOOST_CHECK_EQUAL(machine.live_blocks(), 0U);
  BOOST_CHECK_EQUAL(machine.live_managed_bytes(), 0U);
  BOOST_CHECK_EQUAL(machine.live_bytes(location::device(0)), 0U);
}

BOOST_FIXTURE_TEST_CASE(device_memory_runs_out_at_its_capacity, world) {
  std::size_t free = 0;
  std::size_t total = 0;
  BOOST_REQUIRE(api.memory_info(location::device(0), free, total).ok());
  BOOST_CHECK_EQUAL(free, total);
  BOOST_CHECK(is(api.allocate_device(p, total + 1), errc::out_of_memory, "cudaMalloc"));
  BOOST_REQUIRE(api.allocate_device(p, total).ok());
  void* q = nullptr;
  BOOST_CHECK(api.allocate_device(q, 1).out_of_memory());
  BOOST_REQUIRE(api.memory_info(location::device(0), free, total).ok());
  BOOST_CHECK_EQUAL(free, 0U);
}

BOOST_FIXTURE_TEST_CASE(managed_memory_may_exceed_hbm_but_not_the_machine, world) {
  BOOST_CHECK(is(api.allocate_managed(p, 1_TiB), errc::out_of_memory, "cudaMallocManaged"));
  BOOST_CHECK(api.allocate_managed(p, std::numeric_limits<std::size_t>::max()).out_of_memory());
  BOOST_CHECK(api.allocate_managed(p, 200_GiB).ok());
  BOOST_CHECK(api.allocate_managed(p, 200_GiB).out_of_memory());
  BOOST_CHECK(is(api.allocate_managed(p, 0), errc::invalid_value, "cudaMallocManaged"));
}

BOOST_FIXTURE_TEST_CASE(unknown_devices_and_nodes_are_invalid_devices, world) {
  BOOST_REQUIRE(api.allocate_managed(p, 1_MiB).ok());
  int value = 0;
  std::size_t free = 0;
  BOOST_CHECK(is(api.enter(1).result(), errc::invalid_device, "cudaSetDevice"));
  BOOST_CHECK(is(api.attribute(1, attribute::egm, value), errc::invalid_device, "cudaDeviceGetAttribute"));
  BOOST_CHECK(
      is(api.memory_info(location::host_numa(3), free, free), errc::invalid_device, "cudaMemGetInfo"));
  BOOST_CHECK(is(api.advise(p, 1_MiB, advice::preferred_location, location::host_numa(3)),
                 errc::invalid_device, "cudaMemAdvise"));
  BOOST_CHECK(
      is(api.prefetch(p, 1_MiB, location::device(7), {}), errc::invalid_device, "cudaMemPrefetchAsync"));
}

BOOST_AUTO_TEST_CASE(a_device_scope_ends_where_it_began) {
  sim::profile two = sim::h200_pcie;
  two.devices = 2;
  sim::machine machine{two};
  sim::api api{machine};
  {
    const auto scope = api.enter(1);
    BOOST_REQUIRE(scope.result().ok());
    BOOST_CHECK_EQUAL(scope.device(), 1);
    BOOST_CHECK_EQUAL(api.enter(current_device).device(), 1);
    void* p = nullptr;
    BOOST_REQUIRE(api.allocate_device(p, 1_MiB).ok());
    BOOST_CHECK_EQUAL(machine.live_bytes(location::device(1)), 1_MiB);
  }
  BOOST_CHECK_EQUAL(api.enter(current_device).device(), 0);
}

BOOST_FIXTURE_TEST_CASE(hints_need_managed_memory, world) {
  BOOST_REQUIRE(api.allocate_device(p, 1_MiB).ok());
  BOOST_CHECK(
      is(api.prefetch(p, 1_MiB, location::device(0), {}), errc::invalid_value, "cudaMemPrefetchAsync"));
  BOOST_CHECK(is(api.advise(p, 1_MiB, advice::read_mostly, {}), errc::invalid_value, "cudaMemAdvise"));
  BOOST_REQUIRE(api.allocate_system(p, 1_MiB).ok());
  BOOST_CHECK(
      is(api.prefetch(p, 1_MiB, location::device(0), {}), errc::invalid_value, "cudaMemPrefetchAsync"));
  BOOST_REQUIRE(api.allocate_managed(p, 1_MiB).ok());
  BOOST_CHECK(
      is(api.prefetch(p, 2_MiB, location::device(0), {}), errc::invalid_value, "cudaMemPrefetchAsync"));
  BOOST_CHECK(is(api.advise(p, 1_MiB, advice::accessed_by, location::host_numa(0)), errc::invalid_value,
                 "cudaMemAdvise"));
}

BOOST_AUTO_TEST_CASE(hints_fail_without_concurrent_managed_access) {
  sim::profile windows = sim::h200_pcie;
  windows.capabilities[0] = {0, "assumed"};
  sim::machine machine{windows};
  sim::api api{machine};
  void* p = nullptr;
  BOOST_REQUIRE(api.allocate_managed(p, 1_MiB).ok());
  BOOST_CHECK(
      is(api.prefetch(p, 1_MiB, location::device(0), {}), errc::invalid_device, "cudaMemPrefetchAsync"));
  BOOST_CHECK(is(api.advise(p, 1_MiB, advice::read_mostly, {}), errc::invalid_device, "cudaMemAdvise"));
}

BOOST_AUTO_TEST_CASE(egm_mode_shows_the_host_only_its_small_part) {
  sim::machine machine{sim::gh200_480_egm};
  sim::api api{machine};
  int egm = 0;
  std::size_t free = 0;
  std::size_t total = 0;
  BOOST_REQUIRE(api.attribute(0, attribute::egm, egm).ok());
  BOOST_REQUIRE(api.memory_info(location::host(), free, total).ok());
  BOOST_CHECK_EQUAL(egm, 1);
  BOOST_CHECK_EQUAL(total, 8_GiB);
}

BOOST_FIXTURE_TEST_CASE(a_forked_child_is_not_initialized, world) {
  const pid_t child = fork();
  if (child == 0)
    _exit(is(api.allocate_managed(p, 1_MiB), errc::not_initialized, "cudaMallocManaged") ? 0 : 1);
  int status = 1;
  waitpid(child, &status, 0);
  BOOST_CHECK_EQUAL(status, 0);
  BOOST_CHECK(api.allocate_managed(p, 1_MiB).ok());
}

BOOST_FIXTURE_TEST_CASE(ranges_are_recorded, world) {
  api.push_range("decode");
  BOOST_CHECK_EQUAL(machine.open_ranges(), 1);
  api.pop_range();
  BOOST_CHECK_EQUAL(machine.open_ranges(), 0);
  BOOST_REQUIRE_EQUAL(machine.ranges().size(), 1U);
  BOOST_CHECK_EQUAL(machine.ranges()[0], "decode");
}

BOOST_AUTO_TEST_SUITE_END()
