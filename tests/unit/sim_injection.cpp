#include <boost/test/unit_test.hpp>
#include <string_view>

#include "cmm/core/units.hpp"
#include "cmm/sim/api.hpp"
#include "cmm/sim/profiles.hpp"

BOOST_AUTO_TEST_SUITE(sim_injection)

namespace {

using namespace cmm;
using namespace cmm::literals;

struct world {
  sim::machine machine{sim::h200_pcie};
  sim::api api{machine};
  void* p = nullptr;
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_nth_call_fails_once_and_changes_nothing, world) {
  machine.fail_nth(2, errc::not_permitted);
  BOOST_REQUIRE(api.allocate_managed(p, 1_MiB).ok());
  const auto time = machine.now();
  const status failed = api.free(p);
  BOOST_CHECK(failed.code == errc::not_permitted && std::string_view{failed.call} == "cudaFree");
  BOOST_CHECK_EQUAL(machine.live_blocks(), 1U);
  BOOST_CHECK_EQUAL(machine.now(), time);
  BOOST_CHECK(api.free(p).ok());
}

BOOST_FIXTURE_TEST_CASE(the_nth_call_of_one_name_fails, world) {
  machine.fail_nth("cudaMemAdvise", 2, errc::invalid_value);
  BOOST_REQUIRE(api.allocate_managed(p, 1_MiB).ok());
  BOOST_CHECK(api.advise(p, 1_MiB, advice::read_mostly, {}).ok());
  BOOST_CHECK(!api.advise(p, 1_MiB, advice::read_mostly, {}).ok());
  BOOST_CHECK(api.advise(p, 1_MiB, advice::read_mostly, {}).ok());
}

BOOST_FIXTURE_TEST_CASE(an_api_that_fails_midway_fails_until_cleared, world) {
  machine.fail_from(2, errc::illegal_address);
  BOOST_CHECK(api.allocate_managed(p, 1_MiB).ok());
  BOOST_CHECK(!api.free(p).ok());
  BOOST_CHECK(!api.free(p).ok());
  BOOST_CHECK(!api.enter(0).result().ok());
  machine.clear_faults();
  BOOST_CHECK(api.free(p).ok());
}

BOOST_FIXTURE_TEST_CASE(calls_are_counted_by_name, world) {
  BOOST_REQUIRE(api.allocate_managed(p, 1_MiB).ok());
  BOOST_REQUIRE(api.free(p).ok());
  BOOST_CHECK_EQUAL(machine.calls(), 2U);
  BOOST_CHECK_EQUAL(machine.calls("cudaFree"), 1U);
  BOOST_CHECK_EQUAL(machine.calls("cudaMalloc"), 0U);
}

BOOST_AUTO_TEST_SUITE_END()
