#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <vector>

#include "cmm/core/units.hpp"
#include "cmm/sim/api.hpp"
#include "cmm/sim/profiles.hpp"

BOOST_AUTO_TEST_SUITE(sim_copies)

namespace {

using namespace cmm;
using namespace cmm::literals;
using sim::access;

constexpr std::size_t size = 256_MiB;

struct world {
  explicit world(const sim::profile& profile = sim::h200_pcie) : machine{profile, sim::backing::none} {
    BOOST_REQUIRE(machine.allocate_pinned(host, size).ok());
    BOOST_REQUIRE(api.allocate_device(near, size).ok());
    BOOST_REQUIRE(api.allocate_device(other, size).ok());
    BOOST_REQUIRE(api.allocate_managed(managed, size).ok());
  }

  double time(auto work) {
    const std::int64_t start = machine.now();
    work();
    BOOST_REQUIRE(api.synchronize(here).ok() && api.synchronize(beside).ok());
    return static_cast<double>(machine.now() - start);
  }
  double rate(auto work, std::size_t bytes = size) { return static_cast<double>(bytes) / time(work); }
  void copy(void* to, const void* from, std::size_t bytes = size) {
    BOOST_REQUIRE(machine.copy(to, from, bytes, here).ok());
  }
  void keep_on_host() {
    BOOST_REQUIRE(api.advise(managed, size, advice::preferred_location, location::host()).ok());
    BOOST_REQUIRE(api.advise(managed, size, advice::accessed_by, location::device(0)).ok());
    BOOST_REQUIRE(machine.cpu_touch(managed, size, access::write).ok());
  }
  void copy_beside(void* to, const void* from) { BOOST_REQUIRE(machine.copy(to, from, size, beside).ok()); }

  sim::machine machine;
  sim::api api{machine};
  stream here = machine.create_stream();
  stream beside = machine.create_stream();
  void* host = nullptr;
  void* near = nullptr;
  void* other = nullptr;
  void* managed = nullptr;
};

bool is(status got, errc code, std::string_view call) { return got.code == code && call == got.call; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_copy_never_beats_its_link_or_its_memory) {
  for (const sim::profile* each : sim::profiles) {
    world w{*each};
    BOOST_TEST_CONTEXT(each->name) {
      BOOST_CHECK_LE(w.rate([&] { w.copy(w.near, w.host); }), each->link.h2d);
      BOOST_CHECK_LE(w.rate([&] { w.copy(w.host, w.near); }), each->link.d2h);
      BOOST_CHECK_LE(w.rate([&] { w.copy(w.other, w.near); }), each->hbm.peak / 2);
      BOOST_CHECK_GE(w.rate([&] { w.copy(w.other, w.near); }), each->hbm.peak / 4);
    }
  }
}

BOOST_AUTO_TEST_CASE(both_ways_at_once_are_faster_than_in_turn_and_never_beat_their_sum) {
  for (const sim::profile* each : {&sim::h200_pcie, &sim::gh200_480}) {
    world w{*each};
    const double up = w.time([&] { w.copy(w.near, w.host); });
    const double down = w.time([&] { w.copy(w.host, w.near); });
    const double both = w.time([&] {
      w.copy(w.near, w.host);
      w.copy_beside(w.host, w.other);
    });
    BOOST_TEST_CONTEXT(each->name) {
      BOOST_CHECK_LT(both, up + down);
      BOOST_CHECK_GE(2.0 * size / both, 0.95 * each->link.both);
      BOOST_CHECK_LE(2.0 * size / both, each->link.both);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(two_streams_that_go_the_same_way_share_it, world) {
  const double one = time([&] { copy(near, host); });
  const double two = time([&] {
    copy(near, host);
    copy_beside(other, host);
  });
  BOOST_CHECK_CLOSE(two, 2 * one, 1);
}

BOOST_FIXTURE_TEST_CASE(a_kernel_that_reads_the_host_shares_the_link_with_the_copy_engine, world) {
  const double copying = time([&] { copy(near, host); });
  const double both = time([&] {
    copy(near, host);
    BOOST_REQUIRE(machine.gpu_touch(host, size, access::read, 0, beside).ok());
  });
  BOOST_CHECK_GT(both, 1.9 * copying);
}

BOOST_FIXTURE_TEST_CASE(a_batch_costs_the_host_less_than_its_copies_one_by_one, world) {
  std::vector<sim::copy_use> batch;
  for (std::size_t at = 0; at < 4_MiB; at += 64_KiB) {
    batch.push_back({static_cast<char*>(near) + at, static_cast<char*>(host) + at, 64_KiB});
  }
  const auto enqueue = [&](auto work) {
    const std::int64_t start = machine.now();
    work();
    return machine.now() - start;
  };
  const auto one_by_one = enqueue([&] {
    for (const sim::copy_use& each : batch) copy(each.to, each.from, each.bytes);
  });
  BOOST_REQUIRE(api.synchronize(here).ok());
  const auto together = enqueue([&] { BOOST_REQUIRE(machine.copy_batch(batch, here).ok()); });
  BOOST_CHECK_LT(2 * together, one_by_one);
}

BOOST_FIXTURE_TEST_CASE(the_host_writes_small_copies_to_the_gpu_into_their_commands, world) {
  const auto enqueue = [&](void* to, void* from, std::size_t bytes) {
    const std::vector<sim::copy_use> batch(100, {to, from, bytes});
    BOOST_REQUIRE(api.synchronize(here).ok());
    const std::int64_t start = machine.now();
    BOOST_REQUIRE(machine.copy_batch(batch, here).ok());
    return static_cast<double>(machine.now() - start) / 100;
  };
  const sim::copy_costs& costs = machine.profile().copies;
  BOOST_CHECK_CLOSE(enqueue(near, host, 16_KiB), costs.inlined + costs.call / 100, 0.1);
  BOOST_CHECK_CLOSE(enqueue(near, host, 32_KiB), costs.batched + costs.call / 100, 0.1);
  BOOST_CHECK_CLOSE(enqueue(host, near, 16_KiB), costs.batched + costs.call / 100, 0.1);
}

BOOST_FIXTURE_TEST_CASE(the_engine_goes_from_copy_to_copy_of_a_batch_unless_it_turns_or_a_product_runs,
                        world) {
  const auto batched = [&](const sim::copy_use& even, const sim::copy_use& odd) {
    std::vector<sim::copy_use> batch;
    for (int i = 0; i < 100; ++i) batch.push_back(i % 2 == 0 ? even : odd);
    const std::int64_t start = machine.now();
    BOOST_REQUIRE(machine.copy_batch(batch, here).ok());
    return static_cast<double>(machine.done_at(here) - start) / 100;
  };
  const sim::copy_use up{near, host, 64_KiB};
  const sim::copy_use down{host, other, 64_KiB};
  const double one_way = batched(up, up);
  const double start = machine.profile().copies.engine_batched;
  BOOST_REQUIRE(api.synchronize(here).ok());
  BOOST_CHECK_CLOSE(batched(up, down) - one_way, start, 15);
  BOOST_REQUIRE(api.synchronize(here).ok());
  BOOST_REQUIRE(machine.gpu_multiply({near, near, near, 8192, 8192, sim::arithmetic::bf16}, beside).ok());
  BOOST_CHECK_CLOSE(batched(up, up) - one_way, start, 15);
}

BOOST_FIXTURE_TEST_CASE(small_copies_are_slower_than_large_ones, world) {
  double before = 0;
  for (const std::size_t bytes : {4_KiB, 64_KiB, 1_MiB, 16_MiB, 256_MiB}) {
    const double got = rate([&, bytes] { copy(near, host, bytes); }, bytes);
    BOOST_CHECK_GT(got, before);
    before = got;
  }
}

BOOST_FIXTURE_TEST_CASE(memory_that_the_gpu_cannot_read_is_staged, world) {
  const std::vector<char> own(1_MiB);
  BOOST_CHECK_LT(rate([&] { copy(near, own.data(), 1_MiB); }, 1_MiB), sim::h200_pcie.copies.staged);
  void* system = nullptr;
  BOOST_REQUIRE(api.allocate_system(system, size).ok());
  BOOST_CHECK_LT(rate([&] { copy(near, system); }), sim::h200_pcie.copies.staged);
}

BOOST_FIXTURE_TEST_CASE(resident_managed_memory_is_copied_like_device_memory, world) {
  BOOST_REQUIRE(api.prefetch(managed, size, location::device(0), here).ok());
  BOOST_REQUIRE(api.synchronize(here).ok());
  BOOST_CHECK_CLOSE(time([&] { copy(other, managed); }), time([&] { copy(other, near); }), 0.1);
  BOOST_CHECK_CLOSE(time([&] { copy(managed, host); }), time([&] { copy(near, host); }), 0.1);
}

BOOST_FIXTURE_TEST_CASE(managed_memory_that_is_kept_on_the_host_is_staged_by_one_thread_and_stays, world) {
  keep_on_host();
  const double staged = sim::h200_pcie.copies.staged;
  for (const bool up : {true, false}) {
    const double got = rate([&] { up ? copy(near, managed) : copy(managed, near); });
    BOOST_CHECK_LE(got, staged);
    BOOST_CHECK_GE(got, 0.9 * staged);
  }
  const double both = rate(
      [&] {
        copy(near, managed);
        copy_beside(managed, other);
      },
      2 * size);
  BOOST_CHECK_LE(both, staged);
  BOOST_CHECK_EQUAL(machine.resident(managed, size, location::host_numa(0)), size);
}

BOOST_AUTO_TEST_CASE(the_copy_engine_of_a_coherent_machine_reads_managed_memory_on_the_host_itself) {
  world w{sim::gh200_480};
  w.keep_on_host();
  BOOST_CHECK_GE(w.rate([&] { w.copy(w.near, w.managed); }), 0.9 * sim::gh200_480.link.remote_read);
  BOOST_CHECK_EQUAL(w.machine.resident(w.managed, size, location::host_numa(0)), size);
}

BOOST_FIXTURE_TEST_CASE(a_kernel_copies_at_the_rate_of_what_it_reads_and_writes, world) {
  const double local = rate([&] { BOOST_REQUIRE(machine.gpu_copy(other, near, size, here).ok()); });
  BOOST_CHECK_LE(local, sim::h200_pcie.hbm.peak / 2);
  const double remote = rate([&] { BOOST_REQUIRE(machine.gpu_copy(near, host, size, here).ok()); });
  BOOST_CHECK_LE(remote, sim::h200_pcie.link.remote_read);
  BOOST_CHECK_GE(remote, 0.9 * sim::h200_pcie.link.remote_read);
  BOOST_CHECK(is(machine.gpu_copy(near, nullptr, size, here), errc::illegal_address, "kernel"));
}

BOOST_FIXTURE_TEST_CASE(pinned_memory_is_freed_once_by_its_own_call, world) {
  BOOST_CHECK(is(api.free(host), errc::invalid_value, "cudaFree"));
  BOOST_CHECK(is(machine.free_pinned(near), errc::invalid_value, "cudaFreeHost"));
  BOOST_CHECK(machine.free_pinned(host).ok());
  BOOST_CHECK(is(machine.free_pinned(host), errc::invalid_value, "cudaFreeHost"));
  BOOST_CHECK_EQUAL(machine.misuses(), 3U);
  std::size_t free = 0;
  std::size_t total = 0;
  BOOST_REQUIRE(api.memory_info(location::host(), free, total).ok());
  BOOST_CHECK_EQUAL(free, total);
}

BOOST_AUTO_TEST_CASE(one_device_copies_from_another_at_the_rate_between_them) {
  world w{sim::gh200_480_x2};
  const auto guard = w.api.enter(1);
  void* there = nullptr;
  BOOST_REQUIRE(w.api.allocate_device(there, size).ok());
  const double got = w.rate([&] { w.copy(w.near, there); });
  BOOST_CHECK_LE(got, sim::gh200_480_x2.link.peer);
  BOOST_CHECK_GE(got, 0.9 * sim::gh200_480_x2.link.peer);
}

BOOST_AUTO_TEST_CASE(kernels_use_memory_of_another_device_once_it_is_opened_to_them) {
  world w{sim::h100_x2};
  void* there = nullptr;
  {
    const auto guard = w.api.enter(1);
    BOOST_REQUIRE(w.api.allocate_device(there, size).ok());
  }
  BOOST_CHECK(is(w.machine.gpu_touch(there, size, access::read, 0, w.here), errc::illegal_address, "kernel"));
  BOOST_CHECK(is(w.machine.enable_peer_access(0), errc::invalid_device, "cudaDeviceEnablePeerAccess"));
  BOOST_REQUIRE(w.machine.enable_peer_access(1).ok());
  const double got =
      w.rate([&] { BOOST_CHECK(w.machine.gpu_touch(there, size, access::read, 0, w.here).ok()); });
  BOOST_CHECK_LE(got, sim::h100_x2.link.peer_read);
  BOOST_CHECK_GE(got, 0.9 * sim::h100_x2.link.peer_read);
}

BOOST_AUTO_TEST_CASE(both_ways_between_devices_go_at_once) {
  world w{sim::h100_x2};
  void* there = nullptr;
  {
    const auto guard = w.api.enter(1);
    BOOST_REQUIRE(w.api.allocate_device(there, 2 * size).ok());
  }
  const double one = w.time([&] { w.copy(w.near, there); });
  const double both = w.time([&] {
    w.copy(w.near, there);
    w.copy_beside(static_cast<char*>(there) + size, w.other);
  });
  BOOST_CHECK_LT(both, 1.1 * one);
  BOOST_CHECK_LE(2.0 * static_cast<double>(size) / both, sim::h100_x2.link.peer_both);
}

BOOST_AUTO_TEST_CASE(memory_of_the_other_socket_is_copied_more_slowly) {
  world w{sim::gh200_480_x2};
  void* far = nullptr;
  {
    const auto guard = w.api.enter(1);
    BOOST_REQUIRE(w.machine.allocate_pinned(far, size).ok());
  }
  BOOST_CHECK_GT(w.time([&] { w.copy(w.near, far); }), 1.5 * w.time([&] { w.copy(w.near, w.host); }));
}

BOOST_AUTO_TEST_SUITE_END()
