#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "cmm/core/units.hpp"
#include "cmm/sim/api.hpp"
#include "cmm/sim/profiles.hpp"

namespace {

using namespace cmm;
using namespace cmm::literals;
using sim::access;

constexpr std::size_t buffer = 2_GiB;

/// A machine with one fresh managed buffer of 2 GiB.
struct world {
  explicit world(const sim::profile& profile) : machine{profile, sim::backing::none} {
    BOOST_REQUIRE(api.allocate_managed(data, buffer).ok());
  }

  template <class Work>
  double nanoseconds(Work work) {
    const std::int64_t start = machine.now();
    work();
    BOOST_REQUIRE(api.synchronize(stream{}).ok());
    return static_cast<double>(machine.now() - start);
  }
  template <class Work>
  double rate(Work work, std::size_t bytes = buffer) {
    return static_cast<double>(bytes) / nanoseconds(work);
  }
  void gpu(access how, std::size_t stride = 0) {
    BOOST_REQUIRE(machine.gpu_touch(data, buffer, how, stride).ok());
  }
  void cpu(access how) { BOOST_REQUIRE(machine.cpu_touch(data, buffer, how).ok()); }
  void to(location where) { BOOST_REQUIRE(api.prefetch(data, buffer, where, stream{}).ok()); }
  void keep_on_host() {
    BOOST_REQUIRE(api.advise(data, buffer, advice::preferred_location, location::host()).ok());
    BOOST_REQUIRE(api.advise(data, buffer, advice::accessed_by, location::device(0)).ok());
  }

  sim::machine machine;
  sim::api api{machine};
  void* data = nullptr;
};

struct h200 : world {
  h200() : world{sim::h200_pcie} {}
};
struct gh200 : world {
  gh200() : world{sim::gh200_480} {}
};

void is_near(double value, double measured, double percent = 10) {
  BOOST_CHECK_CLOSE(value, measured, percent);
}

/// Populates the buffer in pieces, shared out between host threads; the rate in GB/s.
double populate(h200& w, std::size_t piece, std::size_t threads) {
  return w.rate([&] {
    std::vector<std::thread> workers;
    for (std::size_t worker = 0; worker < threads; ++worker) {
      workers.emplace_back([&, worker] {
        for (std::size_t at = worker * piece; at < buffer; at += threads * piece) {
          static_cast<void>(
              w.api.prefetch(static_cast<char*>(w.data) + at, piece, location::device(0), stream{}));
        }
      });
    }
    for (std::thread& each : workers) each.join();
  });
}

/// Gathers a quarter of the host-resident buffer in shuffled blocks by fault; the rate in GB/s.
double gather_by_fault(h200& w, std::size_t block) {
  std::vector<std::size_t> order(buffer / block);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::mt19937 random{1};
  for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random() % (i + 1)]);
  std::vector<sim::memory_use> uses;
  for (std::size_t i = 0; i < order.size() / 4; ++i) {
    uses.push_back({static_cast<char*>(w.data) + order[i] * block, block});
  }
  w.cpu(access::write);
  return w.rate([&] { BOOST_REQUIRE(w.machine.gpu_gather(uses, access::read).ok()); }, buffer / 4);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sim_calibration)

BOOST_FIXTURE_TEST_CASE(h200_first_touch_by_the_gpu_is_16_5_GB_per_s, h200) {
  is_near(rate([&] { gpu(access::write); }), 16.5);
}

BOOST_FIXTURE_TEST_CASE(h200_one_prefetch_populates_at_276_GB_per_s, h200) {
  is_near(rate([&] { to(location::device(0)); }), 276);
  is_near(rate([&] { gpu(access::write); }), 3900);
}

BOOST_AUTO_TEST_CASE(h200_populates_in_pieces_and_threads_as_measured) {
  const auto rate_of = [](std::size_t piece, std::size_t threads) {
    h200 w;
    return populate(w, piece, threads);
  };
  is_near(rate_of(2_MiB, 1), 64);
  is_near(rate_of(32_MiB, 1), 177);
  is_near(rate_of(256_MiB, 1), 204);
  is_near(rate_of(32_MiB, 8), 312);
}

BOOST_FIXTURE_TEST_CASE(h200_host_pages_come_by_fault_at_9_1_GB_per_s_and_stay, h200) {
  cpu(access::write);
  is_near(rate([&] { gpu(access::read); }), 9.1);
  is_near(rate([&] { gpu(access::read); }), 4100);
}

BOOST_FIXTURE_TEST_CASE(h200_host_pages_come_by_prefetch_at_50_GB_per_s_and_block_the_caller_31_ms, h200) {
  cpu(access::write);
  const std::int64_t start = machine.now();
  to(location::device(0));
  is_near(static_cast<double>(machine.now() - start), 31e6);
  BOOST_REQUIRE(api.synchronize(stream{}).ok());
  is_near(static_cast<double>(buffer) / static_cast<double>(machine.now() - start), 50);
}

BOOST_FIXTURE_TEST_CASE(h200_pages_go_back_by_fault_at_2_6_and_by_prefetch_at_13_7_GB_per_s, h200) {
  to(location::device(0));
  is_near(rate([&] { cpu(access::write); }), 2.6);
  to(location::device(0));
  is_near(rate([&] { to(location::host()); }), 13.7);
}

BOOST_FIXTURE_TEST_CASE(h200_preferred_host_memory_is_read_and_written_remotely, h200) {
  keep_on_host();
  cpu(access::write);
  is_near(rate([&] { gpu(access::read); }), 51.3);
  is_near(rate([&] { gpu(access::write); }), 52.5);
  BOOST_CHECK_EQUAL(machine.counters().bytes_to_device, 0U);
}

BOOST_AUTO_TEST_CASE(h200_a_fault_costs_as_measured_at_each_stride) {
  constexpr std::array<std::pair<std::size_t, double>, 3> measured{
      {{4_KiB, 720}, {64_KiB, 5600}, {2_MiB, 19700}}};
  for (const auto& [stride, cost] : measured) {
    h200 w;
    w.cpu(access::write);
    const double points = static_cast<double>(buffer / stride);
    is_near(w.nanoseconds([&, s = stride] { w.gpu(access::read, s); }) / points, cost);
  }
}

BOOST_FIXTURE_TEST_CASE(h200_one_fault_alone_takes_55_us, h200) {
  cpu(access::write);
  is_near(nanoseconds([&] { static_cast<void>(machine.gpu_touch(data, 4_KiB, access::read)); }), 55e3);
}

BOOST_AUTO_TEST_CASE(h200_allocates_and_frees_as_measured) {
  sim::machine machine{sim::h200_pcie, sim::backing::none};
  sim::api api{machine};
  void* p = nullptr;
  const auto took = [&](auto call) {
    const std::int64_t start = machine.now();
    BOOST_REQUIRE(call().ok());
    return static_cast<double>(machine.now() - start);
  };
  is_near(took([&] { return api.allocate_managed(p, 4_KiB); }), 16e3);
  is_near(took([&] { return api.free(p); }), 15e3);
  is_near(took([&] { return api.allocate_managed(p, 1_GiB); }), 21e3);
  is_near(took([&] { return api.free(p); }), 17e3);
  is_near(took([&] { return api.allocate_device(p, 4_KiB); }), 3.4e3);
  is_near(took([&] { return api.free(p); }), 2.5e3);
  is_near(took([&] { return api.allocate_device(p, 1_GiB); }), 106e3);
  is_near(took([&] { return api.free(p); }), 335e3);
  pool_handle pool;
  BOOST_REQUIRE(api.create_pool(pool, {pool_properties::kind::managed, location::device(0)}).ok());
  BOOST_REQUIRE(api.allocate_from_pool(p, 1_GiB, pool, {}).ok());
  BOOST_REQUIRE(api.free_to_pool(p, {}).ok());
  const double warm = took([&] { return api.allocate_from_pool(p, 1_GiB, pool, {}); });
  is_near(warm + took([&] { return api.free_to_pool(p, {}); }), 1.3e3);
}

// The gather was not used to fit the profile: these are predictions, and what they miss is the model's error.
BOOST_AUTO_TEST_CASE(h200_predicts_the_gather_of_kv_blocks_by_fault_within_a_quarter) {
  constexpr std::array<std::pair<std::size_t, double>, 4> measured{
      {{16_KiB, 1.8}, {64_KiB, 4.6}, {256_KiB, 4.8}, {2_MiB, 13.8}}};
  for (const auto& [block, gigabytes] : measured) {
    h200 w;
    BOOST_TEST_CONTEXT("blocks of " << block) { is_near(gather_by_fault(w, block), gigabytes, 25); }
  }
}

BOOST_AUTO_TEST_CASE(h200_predicts_that_scattered_prefetches_stay_far_below_the_link) {
  h200 w;
  w.cpu(access::write);
  const double rate = w.rate(
      [&] {
        for (std::size_t at = 0; at < buffer; at += 4_MiB) {
          static_cast<void>(
              w.api.prefetch(static_cast<char*>(w.data) + at, 2_MiB, location::device(0), stream{}));
        }
      },
      buffer / 2);
  is_near(rate, 17.6);
}

BOOST_FIXTURE_TEST_CASE(gh200_moves_and_reads_at_the_published_rates, gh200) {
  to(location::device(0));
  is_near(rate([&] { gpu(access::read); }), 3600);
  BOOST_CHECK_GE(rate([&] { cpu(access::write); }), 16.0);
  const double by_fault = rate([&] { gpu(access::read); });
  BOOST_CHECK_GE(by_fault, 18);
  BOOST_CHECK_LE(by_fault, 29);
}

BOOST_FIXTURE_TEST_CASE(gh200_reads_host_memory_remotely_at_335_GB_per_s, gh200) {
  keep_on_host();
  cpu(access::write);
  is_near(rate([&] { gpu(access::read); }), 335);
}

BOOST_FIXTURE_TEST_CASE(gh200_cpu_reads_hbm_in_place_when_it_is_preferred_there, gh200) {
  BOOST_REQUIRE(api.advise(data, buffer, advice::preferred_location, location::device(0)).ok());
  to(location::device(0));
  is_near(rate([&] { cpu(access::read); }), 168);
  BOOST_CHECK_EQUAL(machine.resident(data, buffer, location::device(0)), buffer);
}

BOOST_AUTO_TEST_CASE(every_number_of_every_profile_names_its_source) {
  for (const sim::profile* each :
       {&sim::h200_pcie, &sim::gh200_480, &sim::gh200_480_egm, &sim::gh200_144, &sim::gb10}) {
    const auto& c = each->calls;
    const auto& f = each->faults;
    const auto& p = each->prefetch;
    const auto& l = each->link;
    for (const sim::figure& number : {each->hbm.capacity,
                                      each->hbm.read,
                                      each->hbm.write,
                                      each->hbm.latency,
                                      each->host.capacity,
                                      each->host.read,
                                      each->host.write,
                                      each->host.latency,
                                      l.h2d,
                                      l.d2h,
                                      l.remote_read,
                                      l.remote_write,
                                      l.remote_latency,
                                      l.cpu_read,
                                      c.managed_alloc.fixed,
                                      c.managed_free.fixed,
                                      c.device_alloc.fixed,
                                      c.device_free.fixed,
                                      c.system_alloc.fixed,
                                      c.system_free.fixed,
                                      c.pool_create,
                                      c.pool_alloc,
                                      c.pool_free,
                                      c.advise,
                                      c.event,
                                      c.query,
                                      f.wake_up,
                                      f.service_fresh,
                                      f.service_migration,
                                      f.cpu_first_touch,
                                      f.cpu_migration,
                                      f.eviction,
                                      p.populate_cap,
                                      p.to_device_lock,
                                      p.to_host,
                                      p.blocked_share.points[0].at,
                                      p.populate.points[0].at,
                                      p.to_device.points[0].at,
                                      f.strided.points[0].at}) {
      BOOST_CHECK_GT(std::string_view{number.source}.size(), 3U);
    }
    BOOST_CHECK_EQUAL(&sim::find_profile(each->name), each);
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_profile_is_named_with_the_known_ones) {
  BOOST_CHECK_EXCEPTION(sim::find_profile("b300"), bad_text, [](const bad_text& e) {
    const std::string_view text = e.what();
    return text.find("\"b300\"") != text.npos && text.find("gh200-480-egm") != text.npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
