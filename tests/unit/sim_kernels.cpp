#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <utility>
#include <vector>

#include "cmm/core/units.hpp"
#include "cmm/sim/api.hpp"
#include "cmm/sim/profiles.hpp"

BOOST_AUTO_TEST_SUITE(sim_kernels)

namespace {

using namespace cmm;
using namespace cmm::literals;
using sim::access;
using sim::arithmetic;

struct world {
  explicit world(const sim::profile& profile = sim::h200_pcie) : machine{profile, sim::backing::none} {}

  double time(auto work) {
    const std::int64_t start = machine.now();
    BOOST_REQUIRE(work().ok());
    BOOST_REQUIRE(api.synchronize(stream{}).ok());
    return static_cast<double>(machine.now() - start);
  }
  void* device(std::size_t bytes) {
    void* p = nullptr;
    BOOST_REQUIRE(api.allocate_device(p, bytes).ok());
    return p;
  }
  void* managed(std::size_t bytes) {
    void* p = nullptr;
    BOOST_REQUIRE(api.allocate_managed(p, bytes).ok());
    return p;
  }
  void* on_host(std::size_t bytes, bool kept) {
    void* const p = managed(bytes);
    if (kept) {
      BOOST_REQUIRE(api.advise(p, bytes, advice::preferred_location, location::host()).ok());
      BOOST_REQUIRE(api.advise(p, bytes, advice::accessed_by, location::device(0)).ok());
    }
    BOOST_REQUIRE(machine.cpu_touch(p, bytes, access::write).ok());
    return p;
  }
  double chase(const void* p, std::size_t bytes) {
    constexpr std::size_t steps = 1 << 16;
    return time([&] { return machine.gpu_chase(p, bytes, steps); }) / steps;
  }
  double product(const void* a, const void* b, void* c, std::size_t rows, arithmetic kind) {
    return time([&] { return machine.gpu_multiply({a, b, c, rows, rows, kind}); });
  }

  sim::machine machine;
  sim::api api{machine};
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_larger_footprint_never_has_a_lower_latency) {
  for (const sim::profile* each : sim::profiles) {
    world w{*each};
    void* const p = w.device(8_GiB);
    double before = each->gpu.cache_latency;
    for (std::size_t bytes = 1_MiB; bytes <= 8_GiB; bytes *= 2) {
      const double load = w.chase(p, bytes);
      BOOST_TEST_CONTEXT(each->name << " " << bytes) { BOOST_CHECK_GE(load, 0.999 * before); }
      before = load;
    }
    BOOST_CHECK_CLOSE(before, double{each->hbm.latency}, 2);
  }
}

BOOST_FIXTURE_TEST_CASE(a_load_from_the_host_takes_a_round_trip_over_the_link, world) {
  BOOST_CHECK_CLOSE(chase(on_host(64_MiB, true), 64_MiB), double{sim::h200_pcie.link.remote_latency}, 1);
}

BOOST_FIXTURE_TEST_CASE(a_chase_brings_faulting_pages_along, world) {
  void* const p = on_host(64_MiB, false);
  const double cold = chase(p, 64_MiB);
  BOOST_CHECK_GT(cold, 1.25 * chase(p, 64_MiB));
  BOOST_CHECK_EQUAL(machine.resident(p, 64_MiB, location::device(0)), 64_MiB);
}

BOOST_FIXTURE_TEST_CASE(a_kernel_takes_its_launch_at_least, world) {
  void* const p = device(2_MiB);
  BOOST_CHECK_GE(time([&] { return machine.gpu_touch(p, 4, access::read); }), sim::h200_pcie.gpu.launch);
}

BOOST_FIXTURE_TEST_CASE(blocks_on_host_and_device_are_gathered_side_by_side, world) {
  char* const near = static_cast<char*>(device(256_MiB));
  char* const far = static_cast<char*>(on_host(256_MiB, true));
  const auto gather = [&](std::size_t remote) {
    std::vector<sim::memory_use> blocks;
    for (std::size_t i = 0; i < 1024; ++i)
      blocks.push_back({(i < remote ? far : near) + i * 256_KiB, 256_KiB});
    return time([&] { return machine.gpu_gather(blocks, access::read); });
  };
  const double all_remote = gather(1024);
  BOOST_CHECK_CLOSE(gather(512), all_remote / 2, 5);
  BOOST_CHECK_LT(gather(0), all_remote / 20);
}

BOOST_FIXTURE_TEST_CASE(faults_far_apart_share_their_rounds, world) {
  void* const dense = managed(256_MiB);
  void* const sparse = managed(256_MiB);
  const double one_page = time([&] { return machine.gpu_touch(managed(2_MiB), 4, access::write); });
  const double all = time([&] { return machine.gpu_touch(sparse, 256_MiB, access::write, 2_MiB); });
  BOOST_CHECK_LT(all, 128 * one_page / 4);
  BOOST_CHECK_GT(time([&] { return machine.gpu_touch(dense, 256_MiB, access::write); }), all);
}

BOOST_FIXTURE_TEST_CASE(a_first_touch_populates_a_page_whole_where_it_is_preferred, world) {
  void* const p = managed(64_MiB);
  BOOST_REQUIRE(api.advise(p, 64_MiB, advice::preferred_location, location::device(0)).ok());
  const double hinted = time([&] { return machine.gpu_touch(p, 64_MiB, access::write, 2_MiB); });
  BOOST_CHECK_EQUAL(machine.resident(p, 64_MiB, location::device(0)), 64_MiB);
  void* const q = managed(64_MiB);
  BOOST_CHECK_LT(hinted, time([&] { return machine.gpu_touch(q, 64_MiB, access::write); }));
}

BOOST_FIXTURE_TEST_CASE(the_first_touch_of_the_cpu_clears_a_page_whole, world) {
  void* const p = managed(64_MiB);
  const double first = time([&] { return machine.cpu_touch(p, 64_MiB, access::write, 2_MiB); });
  BOOST_CHECK_EQUAL(machine.resident(p, 64_MiB, location::host_numa(0)), 64_MiB);
  BOOST_CHECK_GT(first, 64_MiB / sim::h200_pcie.faults.cpu_zero);
  BOOST_CHECK_LT(time([&] { return machine.cpu_touch(p, 64_MiB, access::write, 2_MiB); }), first / 100);
}

BOOST_FIXTURE_TEST_CASE(a_free_of_populated_memory_takes_longer, world) {
  void* const fresh = managed(256_MiB);
  void* const full = managed(256_MiB);
  BOOST_REQUIRE(api.prefetch(full, 256_MiB, location::device(0), {}).ok());
  BOOST_REQUIRE(api.synchronize(stream{}).ok());
  const double empty = time([&] { return api.free(fresh); });
  BOOST_CHECK_GE(time([&] { return api.free(full); }), empty + 128 * sim::h200_pcie.prefetch.block - 1);
}

BOOST_FIXTURE_TEST_CASE(a_block_of_less_than_a_page_takes_longer_to_populate_and_to_free, world) {
  const auto life = [&](std::size_t bytes) {
    void* const p = managed(bytes);
    const double populate = time([&] { return api.prefetch(p, bytes, location::device(0), stream{}); });
    const double release = time([&] { return api.free(p); });
    return std::pair{populate, release};
  };
  const auto [populate, release] = life(2_MiB);
  for (const std::size_t bytes : {64_KiB, 1_MiB}) {
    BOOST_CHECK_GT(life(bytes).first, populate);
    BOOST_CHECK_GT(life(bytes).second, release);
  }
  BOOST_CHECK_GT(life(1_MiB).first, life(64_KiB).first);
}

BOOST_FIXTURE_TEST_CASE(the_first_fault_of_a_page_costs_more_than_the_next_ones, world) {
  auto* const p = static_cast<char*>(managed(2_MiB));
  const auto touch = [&](std::size_t at) {
    return time([&] { return machine.gpu_touch(p + at, 4, access::write); });
  };
  const double first = touch(0);
  const double next = touch(1_MiB);
  BOOST_CHECK_CLOSE(first - next, sim::h200_pcie.faults.service / 2, 1);
}

BOOST_FIXTURE_TEST_CASE(small_device_blocks_share_a_chunk_while_another_lives, world) {
  const auto pair = [&] { return time([&] { return api.free(device(4_KiB)); }); };
  const double alone = pair();
  void* const other = device(64_KiB);
  BOOST_CHECK_LT(pair(), alone / 4);
  BOOST_REQUIRE(api.free(other).ok());
  BOOST_CHECK_CLOSE(pair(), alone, 0.1);
}

BOOST_FIXTURE_TEST_CASE(a_batch_of_prefetches_never_takes_longer_than_its_calls, world) {
  const auto fill = [&](char* p, bool batch) {
    std::vector<sim::memory_use> ranges;
    for (std::size_t at = 0; at < 256_MiB; at += 4_MiB) ranges.push_back({p + at, 2_MiB});
    return time([&] {
      if (batch) return machine.prefetch_batch(ranges, location::device(0), {});
      status last;
      for (const auto& each : ranges)
        last = api.prefetch(const_cast<void*>(each.data), each.bytes, location::device(0), {});
      return last;
    });
  };
  char* const p = static_cast<char*>(on_host(256_MiB, false));
  char* const q = static_cast<char*>(on_host(256_MiB, false));
  const double together = fill(p, true);
  BOOST_CHECK_LT(together, fill(q, false));
  BOOST_CHECK_EQUAL(machine.resident(p, 256_MiB, location::device(0)), 128_MiB);
}

BOOST_AUTO_TEST_CASE(no_product_beats_the_arithmetic_peak_and_larger_ones_come_closer) {
  for (const sim::profile* each : sim::profiles) {
    world w{*each};
    void* const p = w.device(8_GiB);
    double before = 0;
    for (std::size_t n = 512; n <= 16384; n *= 2) {
      const double reached = 2.0 * static_cast<double>(n * n * n) / w.product(p, p, p, n, arithmetic::bf16);
      BOOST_CHECK_GT(reached, before);
      BOOST_CHECK_LT(reached, each->gpu.bf16);
      before = reached;
    }
  }
}

BOOST_FIXTURE_TEST_CASE(a_cold_product_is_slow_once_and_ends_resident, world) {
  constexpr std::size_t n = 4096;
  constexpr std::size_t bytes = n * n * 2;
  void* const a = on_host(bytes, false);
  void* const b = on_host(bytes, false);
  void* const c = managed(bytes);
  void* const near = device(bytes);
  const double cold = product(a, b, c, n, arithmetic::bf16);
  const double warm = product(a, b, c, n, arithmetic::bf16);
  BOOST_CHECK_GT(cold, 5 * warm);
  BOOST_CHECK_CLOSE(warm, product(near, near, near, n, arithmetic::bf16), 0.1);
  for (const void* each : {a, b, c}) {
    BOOST_CHECK_EQUAL(machine.resident(each, bytes, location::device(0)), bytes);
  }
}

BOOST_FIXTURE_TEST_CASE(a_product_of_remote_operands_is_bound_by_the_link_which_it_uses_again_and_again,
                        world) {
  constexpr std::size_t n = 4096;
  constexpr std::size_t bytes = n * n * 2;
  void* const a = on_host(bytes, true);
  void* const c = device(bytes);
  const double once = bytes / sim::h200_pcie.link.remote_read;
  BOOST_CHECK_GT(product(a, c, c, n, arithmetic::bf16), 8 * once);
  BOOST_CHECK_EQUAL(machine.resident(a, bytes, location::host_numa(0)), bytes);
}

BOOST_FIXTURE_TEST_CASE(a_round_of_faults_takes_twice_as_long_where_bytes_come_from_the_host, world) {
  const auto one_word = [](const sim::fault_costs& costs, bool there) {
    sim::profile profile = sim::h200_pcie;
    profile.faults = costs;
    world w{profile};
    void* const p = there ? w.on_host(2_MiB, false) : w.managed(2_MiB);
    return w.time([&] { return w.machine.gpu_touch(p, 4, access::read); });
  };
  const sim::fault_costs usual = sim::h200_pcie.faults;
  sim::fault_costs slower = usual;
  slower.batch.value += 10e3;
  BOOST_CHECK_CLOSE(one_word(slower, false) - one_word(usual, false), 10e3, 0.1);
  BOOST_CHECK_CLOSE(one_word(slower, true) - one_word(usual, true), 20e3, 0.1);
}

BOOST_FIXTURE_TEST_CASE(the_first_fault_of_the_cpu_on_a_page_costs_more_than_the_next_ones, world) {
  void* const p = managed(2_MiB);
  const auto takes_back = [&](std::size_t stride) {
    BOOST_REQUIRE(machine.gpu_touch(p, 2_MiB, access::write).ok());
    BOOST_REQUIRE(api.synchronize(stream{}).ok());
    return time([&] { return machine.cpu_touch(p, 2_MiB, access::write, stride); });
  };
  const sim::profile& of = sim::h200_pcie;
  const double one = takes_back(2_MiB);
  const double next = 0.7 * of.faults.cpu_fault + 65536 / of.faults.cpu_migrate + of.cpu.access;
  BOOST_CHECK_CLOSE(takes_back(1_MiB) - one, next, 1);
}

BOOST_FIXTURE_TEST_CASE(a_range_that_moves_by_itself_costs_more_the_more_it_brings, world) {
  const auto batch = [&](std::size_t bytes) {
    char* const p = static_cast<char*>(on_host(64_MiB, false));
    std::vector<sim::memory_use> ranges;
    for (std::size_t at = 0; at < 64_MiB; at += 2_MiB) ranges.push_back({p + at, bytes});
    return time([&] { return machine.prefetch_batch(ranges, location::device(0), {}); }) / 32;
  };
  const double link = (2_MiB - 64_KiB) / sim::h200_pcie.link.h2d;
  BOOST_CHECK_GT(batch(2_MiB) - batch(64_KiB), 31 * sim::h200_pcie.faults.granule + 0.65 * link);
}

BOOST_FIXTURE_TEST_CASE(each_part_of_a_granule_that_is_prefetched_moves_by_itself, world) {
  char* const p = static_cast<char*>(on_host(2_MiB, false));
  const auto prefetch = [&](std::size_t at) {
    return time([&] { return api.prefetch(p + at, 16_KiB, location::device(0), {}); });
  };
  const double first = prefetch(0);
  BOOST_CHECK_GT(prefetch(16_KiB), sim::h200_pcie.prefetch.range_migration.value);
  BOOST_CHECK_LT(prefetch(32_KiB), first);
  BOOST_REQUIRE(machine.gpu_touch(p + 64_KiB, 4, access::read).ok());
  BOOST_REQUIRE(api.synchronize(stream{}).ok());
  BOOST_CHECK_LT(prefetch(64_KiB), sim::h200_pcie.prefetch.range_migration.value);
}

BOOST_AUTO_TEST_CASE(a_product_in_fp8_reaches_less_of_its_peak) {
  const auto time_of = [](double share, arithmetic kind) {
    sim::profile profile = sim::h200_pcie;
    profile.gpu.fp8_share.value = share;
    world w{profile};
    void* const p = w.device(1_GiB);
    return w.product(p, p, p, 8192, kind);
  };
  BOOST_CHECK_CLOSE(time_of(0.5, arithmetic::fp8), 2 * time_of(1, arithmetic::fp8), 5);
  BOOST_CHECK_EQUAL(time_of(0.5, arithmetic::bf16), time_of(1, arithmetic::bf16));
}

BOOST_AUTO_TEST_CASE(faults_take_time_of_the_link_for_pages_that_migrate_alone) {
  const auto time_of = [](bool migrates, double slower) {
    sim::profile profile = sim::h200_pcie;
    profile.link.h2d.value /= slower;
    world w{profile};
    void* const p = migrates ? w.on_host(64_MiB, false) : w.managed(64_MiB);
    return w.time([&] { return w.machine.gpu_touch(p, 64_MiB, access::write); });
  };
  BOOST_CHECK_EQUAL(time_of(false, 1), time_of(false, 100));
  const double of_link = 64.0 * 0x1p20 / sim::h200_pcie.link.h2d;
  BOOST_CHECK_GE(time_of(true, 100) - time_of(true, 1), 98 * of_link);
}

BOOST_AUTO_TEST_SUITE_END()
