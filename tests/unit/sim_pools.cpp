#include <boost/test/unit_test.hpp>
#include <string_view>

#include "cmm/core/units.hpp"
#include "cmm/sim/api.hpp"
#include "cmm/sim/profiles.hpp"

BOOST_AUTO_TEST_SUITE(sim_pools)

namespace {

using namespace cmm;
using namespace cmm::literals;
using kind = pool_properties::kind;
using sim::access;

struct world {
  pool_handle pool(kind what, location where) {
    pool_handle made;
    BOOST_REQUIRE(api.create_pool(made, {what, where}).ok());
    return made;
  }
  void* taken(pool_handle from, std::size_t bytes, stream on = {}) {
    void* p = nullptr;
    BOOST_REQUIRE(api.allocate_from_pool(p, bytes, from, on).ok());
    return p;
  }

  sim::machine machine{sim::gh200_480};
  sim::api api{machine};
};

bool is(status got, errc code, std::string_view call) { return got.code == code && call == got.call; }

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_pool_hands_a_freed_block_out_again_in_stream_order_only, world) {
  const pool_handle pool = this->pool(kind::pinned, location::device(0));
  const stream a = machine.create_stream();
  const stream b = machine.create_stream();
  void* const p = taken(pool, 1_MiB, a);
  BOOST_REQUIRE(api.free_to_pool(p, a).ok());
  BOOST_CHECK_NE(taken(pool, 1_MiB, b), p);
  BOOST_CHECK_EQUAL(taken(pool, 1_MiB, a), p);
  BOOST_REQUIRE(api.free_to_pool(p, a).ok());
  BOOST_REQUIRE(api.synchronize(a).ok());
  BOOST_CHECK_EQUAL(taken(pool, 1_MiB, b), p);
}

BOOST_FIXTURE_TEST_CASE(a_pool_keeps_what_is_freed_until_destroyed, world) {
  const pool_handle pool = this->pool(kind::pinned, location::device(0));
  std::size_t free = 0;
  std::size_t total = 0;
  BOOST_REQUIRE(api.free_to_pool(taken(pool, 1_GiB), {}).ok());
  BOOST_REQUIRE(api.memory_info(location::device(0), free, total).ok());
  BOOST_CHECK_EQUAL(free, total - 1_GiB);
  BOOST_CHECK_EQUAL(machine.live_blocks(), 0U);
  BOOST_REQUIRE(api.destroy_pool(pool).ok());
  BOOST_REQUIRE(api.memory_info(location::device(0), free, total).ok());
  BOOST_CHECK_EQUAL(free, total);
  BOOST_CHECK_EQUAL(machine.live_pools(), 0U);
}

BOOST_FIXTURE_TEST_CASE(a_pool_with_live_blocks_is_destroyed_only_by_misuse, world) {
  const pool_handle pool = this->pool(kind::pinned, location::device(0));
  void* const p = taken(pool, 1_MiB);
  BOOST_CHECK(is(api.destroy_pool(pool), errc::invalid_value, "cudaMemPoolDestroy"));
  BOOST_CHECK_EQUAL(machine.misuses(), 1U);
  BOOST_CHECK(api.free_to_pool(p, {}).ok());
  BOOST_CHECK(is(api.free_to_pool(p, {}), errc::invalid_value, "cudaFreeAsync"));
  BOOST_CHECK_EQUAL(machine.misuses(), 2U);
}

BOOST_FIXTURE_TEST_CASE(pinned_numa_memory_needs_access, world) {
  const pool_handle pool = this->pool(kind::pinned, location::host_numa(0));
  void* const p = taken(pool, 1_MiB);
  BOOST_CHECK(machine.gpu_touch(p, 1_MiB, access::read).code == errc::illegal_address);
  BOOST_CHECK(machine.cpu_touch(p, 1_MiB, access::read).ok());
  BOOST_CHECK(is(api.grant_access(pool, 5), errc::invalid_device, "cudaMemPoolSetAccess"));
  BOOST_REQUIRE(api.grant_access(pool, 0).ok());
  BOOST_CHECK(machine.gpu_touch(p, 1_MiB, access::read).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 1_MiB, location::host_numa(0)), 1_MiB);
}

BOOST_FIXTURE_TEST_CASE(managed_pool_memory_prefers_the_location_of_its_pool, world) {
  void* const p = taken(pool(kind::managed, location::host_numa(0)), 2_MiB);
  BOOST_REQUIRE(machine.gpu_touch(p, 2_MiB, access::write).ok());
  BOOST_CHECK_EQUAL(machine.resident(p, 2_MiB, location::host_numa(0)), 2_MiB);
  void* const q = taken(pool(kind::managed, location::none()), 2_MiB);
  BOOST_REQUIRE(machine.gpu_touch(q, 2_MiB, access::write).ok());
  BOOST_CHECK_EQUAL(machine.resident(q, 2_MiB, location::device(0)), 2_MiB);
}

BOOST_FIXTURE_TEST_CASE(a_pool_of_an_unknown_place_is_refused, world) {
  pool_handle out;
  BOOST_CHECK(is(api.create_pool(out, {kind::pinned, location::host_numa(9)}), errc::invalid_device,
                 "cudaMemPoolCreate"));
  BOOST_CHECK(
      is(api.create_pool(out, {kind::pinned, location::none()}), errc::invalid_value, "cudaMemPoolCreate"));
}

BOOST_FIXTURE_TEST_CASE(a_full_pool_gives_its_kept_blocks_back_before_it_fails, world) {
  const pool_handle pool = this->pool(kind::pinned, location::device(0));
  BOOST_REQUIRE(api.free_to_pool(taken(pool, 60_GiB), {}).ok());
  void* p = nullptr;
  BOOST_CHECK(api.allocate_from_pool(p, 80_GiB, pool, {}).ok());
  BOOST_CHECK(
      is(api.allocate_from_pool(p, 80_GiB, pool, {}), errc::out_of_memory, "cudaMallocFromPoolAsync"));
}

BOOST_FIXTURE_TEST_CASE(whoever_takes_what_a_pool_gave_up_comes_after_the_work_that_used_it, world) {
  const std::size_t most = 90_GiB;
  const auto given_up_by = [&](auto give_up) {
    const stream user = machine.create_stream();
    const stream other = machine.create_stream();
    pool_handle pool = this->pool(kind::pinned, location::device(0));
    void* const p = taken(pool, most, user);
    BOOST_REQUIRE(machine.gpu_touch(p, 1_GiB, access::write, 0, user).ok());
    const sim::mark work = machine.mark_of(user);
    BOOST_REQUIRE(api.free_to_pool(p, user).ok());
    BOOST_CHECK(!machine.ordered_after(work, other));
    const auto busy_until = machine.done_at(user);
    give_up(pool);
    const stream later = machine.create_stream();
    for (const stream any : {other, later, stream{}}) {
      BOOST_CHECK(machine.ordered_after(work, any));
      BOOST_CHECK_GE(machine.done_at(any), busy_until);
    }
  };
  given_up_by([&](pool_handle pool) {  // for another size
    void* const q = taken(pool, 50_GiB, machine.create_stream());
    BOOST_REQUIRE(api.free_to_pool(q, {}).ok());
    BOOST_REQUIRE(api.destroy_pool(pool).ok());
  });
  given_up_by([&](pool_handle pool) { BOOST_REQUIRE(api.destroy_pool(pool).ok()); });
}

BOOST_FIXTURE_TEST_CASE(a_captured_free_takes_only_what_the_capture_allocated, world) {
  const pool_handle pool = this->pool(kind::pinned, location::device(0));
  const stream a = machine.create_stream();
  void* const outside = taken(pool, 1_MiB, a);
  BOOST_REQUIRE(machine.begin_capture(a).ok());
  BOOST_CHECK(api.free_to_pool(taken(pool, 1_MiB, a), a).ok());
  BOOST_CHECK_EQUAL(machine.invalidated_captures(), 0U);
  BOOST_CHECK(is(api.free_to_pool(outside, a), errc::invalid_value, "cudaFreeAsync"));
  BOOST_CHECK_EQUAL(machine.invalidated_captures(), 1U);
}

BOOST_AUTO_TEST_SUITE_END()
