#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <thread>

#include "support/world.hpp"

BOOST_AUTO_TEST_SUITE(sim_mapping)

namespace {

using namespace cmm;
using namespace cmm::literals;

constexpr location hbm = location::device(0);
constexpr location node = location::host_numa(0);

struct world {
  sim::machine machine{tests::two_h200};
  sim::api api{machine};

  void* reserved(std::size_t bytes) {
    void* base = nullptr;
    BOOST_REQUIRE(api.reserve(base, bytes).ok());
    return base;
  }
  memory_handle created(std::size_t bytes, location where, bool shareable = false) {
    memory_handle made;
    BOOST_REQUIRE(api.create_memory(made, bytes, where, shareable).ok());
    return made;
  }
  /// A range of 4 MiB of HBM and 4 MiB of host memory; its handles are released.
  char* range(std::initializer_list<location> host, std::initializer_list<location> device = {hbm}) {
    auto* const base = static_cast<char*>(reserved(8_MiB));
    for (const bool far : {false, true}) {
      const memory_handle memory = created(4_MiB, far ? node : hbm);
      char* const at = base + (far ? 4_MiB : 0);
      BOOST_REQUIRE(api.map(at, 4_MiB, memory).ok());
      BOOST_REQUIRE(api.release_memory(memory).ok());
      const auto& places = far ? host : device;
      if (places.size() != 0) BOOST_REQUIRE(api.set_access(at, 4_MiB, places.begin(), places.size()).ok());
    }
    return base;
  }
  void end(void* base) {
    BOOST_CHECK(api.unmap(base, 8_MiB).ok());
    BOOST_CHECK(api.free_reserved(base, 8_MiB).ok());
    BOOST_CHECK_EQUAL(machine.live_handles() + machine.live_mappings() + machine.live_reservations(), 0U);
    BOOST_CHECK_EQUAL(machine.live_bytes(hbm) + machine.live_bytes(node), 0U);
    BOOST_CHECK_EQUAL(machine.misuses(), 0U);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_range_of_two_memories_holds_what_is_written_across_the_seam, world) {
  char* const base = range({hbm, node});
  std::memset(base, 7, 8_MiB);
  BOOST_CHECK_EQUAL(base[4_MiB - 1] + base[4_MiB], 14);
  BOOST_CHECK_EQUAL(machine.resident(base, 8_MiB, hbm), 4_MiB);
  BOOST_CHECK_EQUAL(machine.resident(base, 8_MiB, node), 4_MiB);
  BOOST_CHECK_EQUAL(machine.live_bytes(hbm), 4_MiB);
  BOOST_CHECK_EQUAL(machine.live_bytes(node), 4_MiB);
  BOOST_CHECK(machine.gpu_touch(base, 8_MiB, sim::access::read).ok());
  void* other = nullptr;
  BOOST_REQUIRE(api.allocate_device(other, 8_MiB).ok());
  BOOST_CHECK(machine.copy(other, base, 8_MiB).ok());
  BOOST_CHECK(api.free(other).ok());
  end(base);
}

BOOST_FIXTURE_TEST_CASE(the_host_part_is_read_over_the_link_and_the_other_from_hbm, world) {
  char* const base = range({hbm, node});
  const auto time_of = [&](char* at) {
    const auto before = machine.done_at({});
    BOOST_REQUIRE(machine.gpu_touch(at, 4_MiB, sim::access::read).ok());
    return static_cast<double>(machine.done_at({}) - before);
  };
  const double near = time_of(base);
  const double far = time_of(base + 4_MiB);
  BOOST_CHECK_GT(far - near, 0.9 * 4_MiB / tests::two_h200.link.remote_read);
  end(base);
}

BOOST_FIXTURE_TEST_CASE(only_who_was_given_access_may_use_a_mapping, world) {
  char* const base = range({location::device(1)}, {});
  BOOST_CHECK(machine.gpu_touch(base, 1, sim::access::read).code == errc::illegal_address);
  BOOST_CHECK(machine.gpu_touch(base + 4_MiB, 1, sim::access::read).code == errc::illegal_address);
  BOOST_CHECK(machine.cpu_touch(base + 4_MiB, 1, sim::access::read).code == errc::illegal_address);
  machine.set_device(1);
  BOOST_CHECK(machine.gpu_touch(base + 4_MiB, 1, sim::access::read).ok());
  BOOST_CHECK(machine.gpu_touch(base + 4_MiB - 1, 2, sim::access::read).code == errc::illegal_address);
  BOOST_CHECK(api.set_access(base, 8_MiB, &node, 1).code == errc::invalid_value);  // HBM is not the CPU's
  BOOST_CHECK(api.set_access(base + 4_MiB, 4_MiB, &node, 1).ok());
  BOOST_CHECK(machine.cpu_touch(base + 4_MiB, 1, sim::access::read).ok());
  end(base);
}

BOOST_FIXTURE_TEST_CASE(a_handle_that_was_exported_and_imported_shows_the_same_bytes, world) {
  auto* const base = static_cast<char*>(reserved(4_MiB));
  const memory_handle memory = created(2_MiB, node, true);
  int file = -1;
  BOOST_REQUIRE(api.export_memory(memory, file).ok());
  memory_handle again;
  BOOST_REQUIRE(api.import_memory(again, file).ok());
  ::close(file);
  BOOST_REQUIRE(api.map(base, 2_MiB, memory).ok());
  BOOST_REQUIRE(api.map(base + 2_MiB, 2_MiB, again).ok());
  std::strcpy(base, "one memory");
  BOOST_CHECK_EQUAL(base + 2_MiB, "one memory");
  BOOST_CHECK_EQUAL(machine.live_bytes(node), 2_MiB);
  BOOST_CHECK(api.release_memory(memory).ok() && api.release_memory(again).ok());
  BOOST_CHECK(api.unmap(base, 2_MiB).ok());
  BOOST_CHECK_EQUAL(machine.live_bytes(node), 2_MiB);
  BOOST_CHECK(api.unmap(base + 2_MiB, 2_MiB).ok());
  BOOST_CHECK_EQUAL(machine.live_bytes(node), 0U);
  BOOST_CHECK(api.import_memory(again, 0).code == errc::invalid_value);
  const memory_handle kept_here = created(2_MiB, node);
  BOOST_CHECK(!api.export_memory(kept_here, file).ok());
  BOOST_CHECK(api.release_memory(kept_here).ok() && api.free_reserved(base, 4_MiB).ok());
}

BOOST_FIXTURE_TEST_CASE(memory_is_counted_until_its_last_handle_or_mapping_is_gone, world) {
  const memory_handle all = created(1_GiB, node);
  memory_handle more;
  BOOST_CHECK(api.create_memory(more, 2_MiB, node, false).out_of_memory());
  BOOST_CHECK(api.create_memory(more, 2_MiB, hbm, false).ok());
  BOOST_CHECK(api.create_memory(more, 2_MiB, location::host_numa(7), false).code == errc::invalid_device);
  BOOST_CHECK(api.create_memory(more, 1_MiB, node, false).code == errc::invalid_value);
  BOOST_CHECK(api.release_memory(all).ok());
  BOOST_CHECK_EQUAL(machine.live_bytes(node), 0U);
  BOOST_CHECK(api.create_memory(more, 2_MiB, node, false).ok());
}

BOOST_FIXTURE_TEST_CASE(every_wrong_order_of_calls_is_noticed, world) {
  auto* const base = static_cast<char*>(reserved(4_MiB));
  const memory_handle memory = created(2_MiB, hbm);
  BOOST_REQUIRE(api.map(base, 2_MiB, memory).ok());
  std::size_t wrong = 0;
  const auto refused = [&](status answer) {
    BOOST_CHECK(answer.code == errc::invalid_value);
    BOOST_CHECK_EQUAL(machine.misuses(), ++wrong);
  };
  refused(api.map(base, 2_MiB, memory));  // twice
  refused(api.map(base + 4_MiB, 2_MiB, memory));
  refused(api.map(base + 2_MiB, 2_MiB, {999}));
  refused(api.unmap(base, 4_MiB));
  refused(api.unmap(base, 1_MiB));
  refused(api.free_reserved(base, 4_MiB));
  refused(api.set_access(base, 4_MiB, &hbm, 1));
  refused(api.free(base));
  BOOST_REQUIRE(api.unmap(base, 2_MiB).ok());
  refused(api.unmap(base, 2_MiB));
  BOOST_REQUIRE(api.release_memory(memory).ok());
  refused(api.release_memory(memory));
  refused(api.free_reserved(base, 2_MiB));
  BOOST_REQUIRE(api.free_reserved(base, 4_MiB).ok());
  refused(api.free_reserved(base, 4_MiB));
}

BOOST_FIXTURE_TEST_CASE(host_memory_comes_at_the_same_rate_for_any_number_of_threads, world) {
  const auto begin = machine.now();
  std::array<std::thread, 4> threads;
  std::array<bool, 4> made{};  // Boost's checks are for one thread
  for (std::size_t i = 0; i < threads.size(); ++i) {
    threads[i] = std::thread{[this, &done = made[i]] {
      memory_handle memory;
      done = api.create_memory(memory, 64_MiB, node, false).ok();
    }};
  }
  for (std::thread& each : threads) each.join();
  BOOST_CHECK(made == (std::array{true, true, true, true}));
  const double rate = static_cast<double>(256_MiB) / static_cast<double>(machine.now() - begin);
  BOOST_CHECK(rate > 4 && rate < 5.3);
}

BOOST_FIXTURE_TEST_CASE(other_threads_go_on_while_host_memory_is_made, world) {
  const auto begin = machine.now();
  std::thread{[&] { static_cast<void>(created(256_MiB, node)); }}.join();
  machine.inspect([](sim::state& s) { s.clock.spend(20e6); });
  BOOST_CHECK_LT(machine.now() - begin, 60'000'000);  // 56 ms and 20 ms, one beside the other
}

BOOST_AUTO_TEST_CASE(a_machine_without_backing_maps_and_counts_the_same) {
  sim::machine machine{tests::two_h200, sim::backing::none};
  sim::api api{machine};
  void* base = nullptr;
  memory_handle memory;
  BOOST_REQUIRE(api.reserve(base, 2_MiB).ok() && api.create_memory(memory, 2_MiB, node, false).ok());
  BOOST_REQUIRE(api.map(base, 2_MiB, memory).ok() && api.set_access(base, 2_MiB, &hbm, 1).ok());
  BOOST_CHECK(machine.gpu_touch(base, 2_MiB, sim::access::write).ok());
  BOOST_CHECK(api.unmap(base, 2_MiB).ok() && api.release_memory(memory).ok());
  BOOST_CHECK(api.free_reserved(base, 2_MiB).ok());
  BOOST_CHECK_EQUAL(machine.live_bytes(node), 0U);
}

BOOST_AUTO_TEST_CASE(a_machine_says_what_it_cannot_do) {
  for (const attribute missing :
       {attribute::mapped_memory, attribute::mapped_host_memory, attribute::shareable_memory}) {
    auto profile = tests::small_h200;
    profile.capabilities[static_cast<std::size_t>(missing)] = {0, "assumed"};
    sim::machine machine{profile};
    sim::api api{machine};
    int value = 1;
    BOOST_CHECK(api.attribute(0, missing, value).ok() && value == 0);
    memory_handle made;
    BOOST_CHECK(api.create_memory(made, 2_MiB, node, true).code == errc::not_supported);
  }
}

BOOST_AUTO_TEST_SUITE_END()
