#include <boost/test/unit_test.hpp>
#include <cmm/core/fields.hpp>
#include <cmm/core/resolve.hpp>
#include <cmm/sim.hpp>

#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(locations)

using namespace cmm;

static_assert(location::device() == location::device(location::relative));
static_assert(location::device(1) != location::device(2) && location::device(0) != location::host());
static_assert(location{} == location::none() && !location::none().is_relative());
static_assert(location::device().is_relative() && location::nearest_numa().is_relative());
static_assert(!location::host().is_relative() && !location::host_numa(0).is_relative());

BOOST_AUTO_TEST_CASE(a_location_prints_as_it_is_written) {
  BOOST_CHECK_EQUAL(to_text(location::none()), "none");
  BOOST_CHECK_EQUAL(to_text(location::host()), "host");
  BOOST_CHECK_EQUAL(to_text(location::device()), "device");
  BOOST_CHECK_EQUAL(to_text(location::device(3)), "device:3");
  BOOST_CHECK_EQUAL(to_text(location::nearest_numa()), "nearest_numa");
  BOOST_CHECK_EQUAL(to_text(location::host_numa(2)), "host_numa:2");
}

BOOST_AUTO_TEST_CASE(a_relative_location_becomes_that_of_the_device) {
  auto profile = tests::two_h200;
  profile.numa_nodes = 2;
  sim::machine machine{profile};
  sim::api api{machine};
  BOOST_CHECK(resolve(api, location::device(), 1) == location::device(1));
  BOOST_CHECK(resolve(api, location::nearest_numa(), 0) == location::host_numa(0));
  BOOST_CHECK(resolve(api, location::nearest_numa(), 1) == location::host_numa(1));
  BOOST_CHECK(resolve(api, location::device(0), 1) == location::device(0));
  BOOST_CHECK(resolve(api, location::host(), 1) == location::host());
}

BOOST_AUTO_TEST_CASE(where_the_nearest_node_is_unknown_the_host_as_a_whole_is_meant) {
  auto profile = tests::small_h200;
  profile.capabilities[static_cast<std::size_t>(attribute::host_numa_id)] = {-1, "assumed"};
  sim::machine machine{profile};
  sim::api api{machine};
  BOOST_CHECK(resolve(api, location::nearest_numa(), 0) == location::host());
}

BOOST_AUTO_TEST_SUITE_END()
